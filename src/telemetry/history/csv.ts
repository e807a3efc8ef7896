/** The history as CSV. Times are UTC without a zone; what is not known is an empty cell. */
import { setImmediate } from 'node:timers/promises';
import { DEVICE_COLUMNS, WORKER_COLUMNS } from '../../contract/history.ts';
import type { DeviceColumn, HistoryAnswer, HistoryQuery } from '../../contract/history.ts';
import { checkRange, MOST_POINTS, stepOf } from './steps.ts';

const DEVICE_CSV = [
  'gpu_util',
  'memory_used',
  'memory_total',
  'temperature',
  'power_draw',
] as const satisfies readonly DeviceColumn[];
/** The header that tools for these logs expect. */
export const DEVICE_CSV_HEADER = ['timestamp', ...DEVICE_CSV].join(',');

export type DeviceCsvQuery = Pick<HistoryQuery, 'from' | 'to' | 'stepS'> & {
  /** Id of the device. */
  readonly device: string;
};

/** `2025-04-05T10:23:45.123000`: microseconds, as Python's isoformat writes them. */
export function csvTime(seconds: number): string {
  return `${new Date(Math.round(seconds * 1000)).toISOString().slice(0, -1)}000`;
}

function cell(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines in one text: others get their turn between two. */
const LINES_AT_ONCE = 500;

/**
 * The CSV of one device, some whole lines with their line feeds at a time, the header first. Steps in which nothing was sampled have no line. The
 * range is asked for in pieces, so it may have any number of steps. An unknown device gives the header alone.
 * @param ask Observatory.history
 * @param sampleMs between two samples: the shortest step that `stepS` null gives
 */
export async function* deviceCsv(
  ask: (query: HistoryQuery) => Promise<HistoryAnswer>,
  { device, from, to, stepS }: DeviceCsvQuery,
  sampleMs: number,
): AsyncGenerator<string> {
  checkRange({ from, to, stepS });
  const stepMs = stepOf({ from, to, stepS }, sampleMs);
  const piece = (MOST_POINTS - 1) * stepMs;
  let isFirst = true;
  for (let begin = from; begin < to; ) {
    // Every piece ends where a step ends, so that no step is in two of them.
    const end = Math.min(to, Math.floor((begin + piece) / stepMs) * stepMs);
    const query = { from: begin, to: end, stepS: stepMs / 1000, devices: [device], workers: false, events: false };
    const answer = await ask(query);
    if (isFirst) yield `${DEVICE_CSV_HEADER}\n`;
    isFirst = false;
    for (const text of inBlocks(deviceLines(answer, device))) {
      yield text;
      await setImmediate();
    }
    begin = end;
  }
}

function* inBlocks(lines: Iterable<string>): Generator<string> {
  let block: string[] = [];
  for (const line of lines) {
    block.push(line);
    if (block.length < LINES_AT_ONCE) continue;
    yield block.join('');
    block = [];
  }
  if (block.length > 0) yield block.join('');
}

function* deviceLines({ t, devices }: HistoryAnswer, device: string): Generator<string> {
  const columns = devices.find(({ id }) => id === device)?.columns;
  if (columns === undefined) return;
  for (const [i, time] of t.entries()) {
    const values = DEVICE_CSV.map((name) => columns[name][i] ?? null);
    if (values.some((value) => value !== null)) yield `${csvTime(time)},${values.map(cell).join(',')}\n`;
  }
}

/** An answer as a table: a line for each step and device or worker that has something there. */
export function* historyCsv({ t, devices, workers }: HistoryAnswer): Generator<string> {
  const names = [...new Set<string>([...DEVICE_COLUMNS, ...WORKER_COLUMNS])];
  const series = [
    ...devices.map(({ id, columns }) => ({ type: 'device', id, columns: new Map(Object.entries(columns)) })),
    ...workers.map(({ name, columns }) => ({ type: 'worker', id: name, columns: new Map(Object.entries(columns)) })),
  ];
  yield `${['timestamp', 'type', 'id', ...names].join(',')}\n`;
  for (const [i, time] of t.entries()) {
    for (const { type, id, columns } of series) {
      const values = names.map((name) => columns.get(name)?.[i] ?? null);
      if (values.every((value) => value === null)) continue;
      yield `${[csvTime(time), type, id, ...values].map(cell).join(',')}\n`;
    }
  }
}
