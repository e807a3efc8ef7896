/** The past: of the last hour in memory, of the last days on disk, answered as one. */
import path from 'node:path';
import type { EventQuery, GpuAnswer, HistoryAnswer, HistoryQuery, StoredEvent } from '../../contract/history.ts';
import type { Observation } from '../../contract/observation.ts';
import type { Settings } from '../../contract/settings.ts';
import type { Clock } from '../../util/clock.ts';
import { EventRing, mergeEvents } from '../event-ring.ts';
import type { Events } from '../events.ts';
import { joinSections } from './answer.ts';
import { Disk } from './disk.ts';
import { MemoryRing } from './ring.ts';
import { threadRunner } from './runner.ts';
import type { Runner } from './runner.ts';
import { seriesKey, toSample } from './sample.ts';
import type { Series } from './sample.ts';
import { planSteps, splitGrid } from './steps.ts';
import type { StoreState } from './store.ts';

export type HistoryDeps = {
  readonly settings: Settings['history'];
  readonly dataDir: string;
  readonly clock: Clock;
  readonly events: Events;
  /** Between two observations, milliseconds. */
  readonly sampleMs: number;
  /** Told once, soon after the start, of the greatest id of an event that an earlier run stored: EventLog.raise. */
  readonly onLastEventId?: (id: string) => void;
  /** For tests. */
  readonly runner?: Runner;
};

export type History = {
  /** Never throws, never waits. */
  add(observation: Observation): void;
  /** Never throws, never waits. */
  addEvent(event: StoredEvent): void;
  /** Rejects with `invalid_argument` for a range or step that cannot be; what the disk cannot say is null. */
  query(query: HistoryQuery): Promise<HistoryAnswer>;
  events(query: EventQuery): Promise<StoredEvent[]>;
  state(): GpuAnswer['history'];
  /** Writes what waits, two seconds at most. */
  close(): Promise<void>;
};

/** A question for the last `memory_s` needs no disk, also when it comes a little late. */
const SPARE_MS = 120_000;
/** Whatever the settings say: some tens of MB with a dozen models. */
const MOST_SAMPLES_IN_MEMORY = 86_400;
const EVENTS_IN_MEMORY = 2000;
/** Events beside a range of samples. */
const MOST_MARKS = 2000;
/** A timer may be this late before there is a gap, as a part of the time between two samples. */
const HOLD = 1.5;
const HOUR_MS = 3_600_000;
const MB = 1_000_000;

/** The disk is not touched before the first write, which comes some seconds later. */
export function createHistory(deps: HistoryDeps): History {
  const { settings, clock, events, sampleMs } = deps;
  const capacity = Math.ceil((settings.memory_s * 1000 + SPARE_MS) / sampleMs);
  const ring = new MemoryRing(Math.min(capacity, MOST_SAMPLES_IN_MEMORY));
  const recent = new EventRing(EVENTS_IN_MEMORY);
  const retentionMs = settings.retention_hours * HOUR_MS;
  const holdMs = sampleMs * HOLD;
  let order: readonly string[] = [];
  let stored: StoreState | null = null;
  let toldLastId = false;

  const disk = settings.enabled
    ? new Disk({
        config: { file: path.join(deps.dataDir, 'history.db'), retentionMs, maxBytes: settings.max_mb * MB },
        clock,
        runner: deps.runner ?? threadRunner(),
        onChange: (ok, detail) => events.emit('history', { ok, detail, at: clock.date().getTime() }),
        onWritten(state) {
          stored = state;
          if (!toldLastId && state.lastEventId !== null) deps.onLastEventId?.(state.lastEventId);
          toldLastId = true;
        },
      })
    : null;

  const findEvents = async (query: EventQuery): Promise<StoredEvent[]> => {
    const newer = recent.select(query);
    if (disk === null || recent.covers(query, newer.length)) return newer;
    return mergeEvents((await disk.events(query)) ?? [], newer, query.limit);
  };

  return {
    add(observation) {
      const sample = toSample(observation);
      ring.add(sample);
      order = sample.rows.map(({ series }) => seriesKey(series));
      disk?.addSample(sample);
    },
    addEvent(event) {
      recent.add(event);
      disk?.addEvent(event);
    },
    async query(query) {
      const { from, to, devices, workers } = query;
      const grid = planSteps(query, sampleMs);
      const wanted = ({ type, id }: Series): boolean =>
        type === 'worker' ? workers : devices === null || devices.includes(id);
      // The step in which memory begins is the disk's, which has all of it, unless it fails.
      const early = disk === null || disk.fault !== null ? grid.stepMs - 1 : 0;
      const { before, after } = splitGrid(grid, (ring.oldest ?? Number.POSITIVE_INFINITY) - early);
      const oldest = clock.date().getTime() - retentionMs;
      const older = before === null ? null : await disk?.parts({ grid: before, devices, workers, holdMs, oldest });
      const sections = [
        { count: before?.count ?? 0, parts: older ?? [] },
        { count: after?.count ?? 0, parts: after === null ? [] : ring.read(after, wanted, holdMs) },
      ];
      const marks = query.events ? await findEvents({ afterId: null, from, to, types: null, limit: MOST_MARKS }) : [];
      const figures = await joinSections(grid, sections, order);
      return {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        step_s: grid.stepMs / 1000,
        ...figures,
        events: marks,
      };
    },
    events: findEvents,
    state() {
      const known = { bytes: stored?.bytes ?? null, oldest: stored?.oldest ?? null };
      const oldest = known.oldest ?? ring.oldest;
      const rest = { bytes: known.bytes, oldest: oldest === null ? null : new Date(oldest).toISOString() };
      if (disk === null)
        return { state: 'memory_only', detail: 'nothing is written to disk (history.enabled)', ...rest };
      if (disk.fault !== null) return { state: 'failing', detail: disk.fault.detail, ...rest };
      return { state: 'ok', detail: '', ...rest };
    },
    close: async () => disk?.close(),
  };
}
