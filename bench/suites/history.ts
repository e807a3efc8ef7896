/** What the history takes on disk and in memory, how long it writes and answers, and whether the event loop notices. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { HistoryQuery } from '../../src/contract/history.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { deviceCsv } from '../../src/telemetry/history/csv.ts';
import { createHistory } from '../../src/telemetry/history/history.ts';
import type { History } from '../../src/telemetry/history/history.ts';
import { MemoryRing } from '../../src/telemetry/history/ring.ts';
import { toSample } from '../../src/telemetry/history/sample.ts';
import { HistoryStore } from '../../src/telemetry/history/store.ts';
import { systemClock } from '../../src/util/clock.ts';
import { BENCH_DEVICES, BENCH_WORKERS, observationMaker } from '../lib/observations.ts';
import { generator } from '../../test/fixtures/random.ts';
import { percentile, spread } from '../lib/stats.ts';
import { figure, ranged } from '../lib/table.ts';
import type { Table } from '../lib/table.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const MB = 1e6;
const BATCH = 60;

type Fill = { readonly bytes: number; readonly writeMs: readonly number[] };

/** A week as it would be written, batch by batch. */
function fill(file: string, from: number, to: number, say: (line: string) => void): Fill {
  const store = new HistoryStore({ file, retentionMs: 1e12, maxBytes: 1e12 });
  const next = observationMaker(generator(1));
  const writeMs: number[] = [];
  let bytes = 0;
  for (let begin = from; begin < to; begin += BATCH * SECOND) {
    const samples = Array.from({ length: BATCH }, (_, i) => toSample(next(begin + i * SECOND)));
    const before = performance.now();
    ({ bytes } = store.write({ samples, events: [], now: begin }));
    writeMs.push(performance.now() - before);
    if ((begin - from) % (24 * HOUR) === 0)
      say(`day ${(begin - from) / (24 * HOUR) + 1}, ${(bytes / MB).toFixed(1)} MB`);
  }
  store.close();
  return { bytes, writeMs };
}

type Timing = { readonly ms: number; readonly longestStopMs: number };

/** How long it takes, and the longest time in which nothing else could run. */
async function timed(work: () => Promise<unknown>): Promise<Timing> {
  let done = false;
  let longestStopMs = 0;
  const begun = performance.now();
  const running = work().finally(() => {
    done = true;
  });
  for (let last = begun; !done; ) {
    await setImmediate();
    const now = performance.now();
    longestStopMs = Math.max(longestStopMs, now - last);
    last = now;
  }
  await running;
  return { ms: performance.now() - begun, longestStopMs };
}

async function repeat(rounds: number, work: () => Promise<unknown>): Promise<readonly Timing[]> {
  const timings: Timing[] = [];
  await work();
  for (let i = 0; i < rounds; i++) timings.push(await timed(work));
  return timings;
}

function memoryTable(): { readonly table: Table; readonly raw: object } {
  const next = observationMaker(generator(2));
  const ring = new MemoryRing(3600);
  const empty = ring.bytes;
  const observations = Array.from({ length: 3600 }, (_, i) => next(i * SECOND));
  const addMs = observations.map((observation) => {
    const before = performance.now();
    ring.add(toSample(observation));
    return performance.now() - before;
  });
  const perDevice = (16 - 4) * 8 * 3600;
  const perWorker = (13 - 4) * 8 * 3600;
  const raw = {
    bytes: ring.bytes,
    empty,
    addUs: percentile(addMs, 0.5) * 1000,
    addUsP99: percentile(addMs, 0.99) * 1000,
  };
  const rows = [
    ['a device', `${(perDevice / 1000).toFixed(0)} KB`, ''],
    ['a worker', `${(perWorker / 1000).toFixed(0)} KB`, ''],
    ['all of it', `${(ring.bytes / MB).toFixed(2)} MB`, `${figure(raw.addUs)} (p99 ${figure(raw.addUsP99)})`],
  ];
  return { table: { head: ['one hour in memory', 'bytes', 'µs per second of samples'], rows }, raw };
}

export async function historySuite({ options, scratch, say }: SuiteContext): Promise<SuiteResult> {
  const days = options.quick ? 1 : 7;
  const rounds = options.rounds ?? (options.quick ? 3 : 9);
  const dir = join(scratch, 'history');
  mkdirSync(dir);
  const to = Math.floor(Date.now() / HOUR) * HOUR;
  const from = to - days * 24 * HOUR;
  const file = join(dir, 'history.db');
  const filled = fill(file, from, to, say);
  const memory = memoryTable();

  const settings = { enabled: true, memory_s: 3600, retention_hours: 24 * (days + 1), max_mb: 1000 };
  const events = createEvents();
  events.on('history', ({ ok, detail }) => say(`${ok ? 'ok' : 'failed'}: ${detail}`));
  const history: History = createHistory({ settings, dataDir: dir, clock: systemClock, events, sampleMs: SECOND });
  const query = (hours: number, stepS: number | null, devices: readonly string[] | null = null): HistoryQuery => {
    return { from: to - hours * HOUR, to, stepS, devices, workers: devices === null, events: true };
  };
  const samplesH = Math.min(days * 24, 27);
  const cases: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['1 h, 6 s (samples)', () => history.query(query(1, null))],
    ['24 h, 3 min (means of a minute)', () => history.query(query(24, null))],
    [`${days} d, ${days === 7 ? '17' : '3'} min (means of a minute)`, () => history.query(query(days * 24, null))],
    ['3 h, 1 s: 10,800 points', () => history.query(query(3, 1))],
    [`${days} d, 59 s (means of 10 s): the longest answer`, () => history.query(query(days * 24, 59))],
    [`${samplesH} h, 9 s (samples): the most that is read`, () => history.query(query(samplesH, 9))],
  ];
  const rows: string[][] = [];
  const raw: Record<string, readonly Timing[]> = {};
  for (const [name, work] of cases) {
    say(name);
    const timings = await repeat(rounds, work);
    raw[name] = timings;
    const stops = timings.map(({ longestStopMs }) => longestStopMs);
    rows.push([name, ranged(spread(timings.map(({ ms }) => ms))), ranged(spread(stops))]);
  }
  say('CSV');
  let lines = 0;
  const csv = await timed(async () => {
    const range = { from, to, stepS: 1, device: 'GPU-0' };
    for await (const text of deviceCsv((q) => history.query(q), range, SECOND)) lines += text.split('\n').length - 1;
  });
  rows.push([`CSV of one device, ${days} d, every second: ${lines} lines`, figure(csv.ms), figure(csv.longestStopMs)]);
  await history.close();

  const perSecond = filled.writeMs.map((ms) => ms / BATCH);
  const disk: Table = {
    head: ['on disk', 'figure'],
    rows: [
      [
        `${days} d of ${BENCH_DEVICES.length} devices and ${BENCH_WORKERS} processes`,
        `${(filled.bytes / MB).toFixed(1)} MB`,
      ],
      ['a second of all of them', `${figure((filled.bytes / (to - from)) * SECOND)} bytes`],
      [
        'thread, a second of samples, mean with compressing',
        `${figure(perSecond.reduce((a, b) => a + b, 0) / perSecond.length)} ms`,
      ],
      ['thread, the longest transaction', `${figure(Math.max(...filled.writeMs))} ms`],
    ],
  };
  return {
    title: 'History',
    note: `Two cards, the CPU, seven models and three processes, every second; ${days} days written as the server writes them, then asked for through the thread, ${rounds} times each. Milliseconds, median and range.`,
    tables: [
      { caption: 'Size and cost of writing:', table: disk },
      { caption: 'In memory:', table: memory.table },
      {
        caption: `Questions on the full database, and the longest time in which the event loop could do nothing else:`,
        table: { head: ['range, step', 'ms', 'longest stop ms'], rows },
      },
    ],
    raw: { filled: { bytes: filled.bytes, writeMs: filled.writeMs }, memory: memory.raw, questions: raw, csv, lines },
  };
}
