/** Parts of a range, from disk and from memory, put together as people are answered. */
import { setImmediate } from 'node:timers/promises';
import { DEVICE_COLUMNS, WORKER_COLUMNS } from '../../contract/history.ts';
import type { DeviceHistory, HistoryAnswer, WorkerHistory } from '../../contract/history.ts';
import type { Grid } from './buckets.ts';
import { LAYOUTS } from './columns.ts';
import type { SeriesPart } from './ring.ts';
import { seriesKey } from './sample.ts';
import type { Series } from './sample.ts';

/** Steps of a grid one after the other: those that came from disk, then those from memory. */
export type Section = { readonly count: number; readonly parts: readonly SeriesPart[] };

/** Values after which others get their turn: some milliseconds. */
const AT_ONCE = 100_000;

type Figures = (number | null)[];

/** `order`: keys of series, those first that are known now. */
export async function joinSections(
  grid: Grid,
  sections: readonly Section[],
  order: readonly string[],
): Promise<Pick<HistoryAnswer, 't' | 'devices' | 'workers'>> {
  const all = new Map<string, Series>();
  for (const { parts } of sections) for (const { series } of parts) all.set(seriesKey(series), series);
  const known = order.filter((key) => all.has(key));
  const keys = [...known, ...[...all.keys()].filter((key) => !known.includes(key))];
  const devices: DeviceHistory[] = [];
  const workers: WorkerHistory[] = [];
  const lookups = sections.map(({ count, parts }) => ({
    count,
    parts: new Map(parts.map((part) => [seriesKey(part.series), part])),
  }));
  let since = 0;
  for (const key of keys) {
    const series = all.get(key);
    if (series === undefined) continue;
    const pieces = lookups.map(({ count, parts }) => ({ count, columns: parts.get(key)?.columns ?? null }));
    const columns = LAYOUTS[series.type].columns.map((_, k) => joinColumn(pieces, k));
    if (series.type === 'device') {
      devices.push({
        id: series.id,
        kind: series.kind ?? 'gpu',
        name: series.about,
        columns: record(DEVICE_COLUMNS, columns),
      });
    } else workers.push({ name: series.id, device: series.about, columns: record(WORKER_COLUMNS, columns) });
    since += columns.length * grid.count;
    if (since < AT_ONCE) continue;
    since = 0;
    await setImmediate();
  }
  const t = Array.from({ length: grid.count }, (_, i) => (grid.t0 + i * grid.stepMs) / 1000);
  return { t, devices, workers };
}

type Piece = { readonly count: number; readonly columns: readonly Float64Array[] | null };

function joinColumn(pieces: readonly Piece[], k: number): Figures {
  const figures: Figures = [];
  for (const { count, columns } of pieces) {
    const column = columns?.[k];
    for (let i = 0; i < count; i++) {
      const value = column?.[i] ?? Number.NaN;
      figures.push(Number.isNaN(value) ? null : value);
    }
  }
  return figures;
}

function record<C extends string>(names: readonly C[], columns: readonly Figures[]): Record<C, Figures> {
  return Object.fromEntries(names.map((name, k) => [name, columns[k] ?? []])) as Record<C, Figures>;
}
