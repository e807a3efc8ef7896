/** `facepool trends` as lines: a chart per column of each device, a line per process, events, findings. */
import type { DeviceHistory, Finding, HistoryAnswer, WorkerHistory } from '../contract/history.ts';
import { formatBytes, formatSeconds } from '../util/format.ts';
import { bars, maxOf, meanOf, sparkline, squeeze } from './chart.ts';
import { eventLine } from './event-lines.ts';
import { fitTable } from './fit.ts';
import { type Io, paint, printable, type Style } from './io.ts';
import { CPU } from './top-data.ts';
import { wrap } from './wrap.ts';

const HEIGHT = 4;
const AXIS = 10;
/** Wide enough to see a shape. */
const MOST_WIDTH = 140;
/** °C of the highest line: cards slow down above 80. */
const HOTTEST = 100;
const MOST_EVENTS = 20;
const WORKER_LINE = 30;

type Values = readonly (number | null)[];

const SEVERITY_STYLES: Readonly<Record<Finding['severity'], Style | undefined>> = {
  info: undefined,
  warning: 'yellow',
  error: 'red',
};

/** @param width characters of a line; infinite where nothing limits them */
export function trendLines(io: Io, history: HistoryAnswer, findings: readonly Finding[], width: number): string[] {
  const { t, devices, workers, events, step_s: step } = history;
  const room = Math.max(10, Math.min(width, MOST_WIDTH) - AXIS - 2);
  const charts = devices.flatMap((device) => deviceCharts(io, device, t, room));
  const lines = [
    `${timeText(history.from)} to ${timeText(history.to)} UTC, in steps of ${formatSeconds(step)}`,
    ...(charts.length === 0 ? ['', 'Nothing is known of this time.'] : charts),
  ];
  if (workers.some(hasFigures)) lines.push('', ...workerTable(io, workers, width));
  if (events.length > 0) {
    const shown = events.slice(-MOST_EVENTS);
    const title = shown.length < events.length ? `EVENTS (the last ${shown.length} of ${events.length})` : 'EVENTS';
    lines.push('', paint(io, 'bold', title), ...shown.map((event) => eventLine(io, event, width)));
  }
  lines.push('', paint(io, 'bold', 'WHAT IT MEANS'));
  if (findings.length === 0) lines.push('Nothing stands out.');
  for (const { severity, text } of findings) {
    const [first = '', ...rest] = wrap(printable(text), width - 2);
    lines.push(`${paint(io, SEVERITY_STYLES[severity], '*')} ${first}`, ...rest.map((line) => `  ${line}`));
  }
  return lines;
}

/** Those columns that are known. */
function deviceCharts(
  io: Io,
  { name, id, kind, columns }: DeviceHistory,
  t: readonly number[],
  room: number,
): string[] {
  const percent = (value: number): string => `${Math.round(value)} %`;
  const plain = (unit: string) => (value: number) => `${Math.round(value)} ${unit}`;
  const limit = maxOf(columns.power_limit);
  const charts = [
    chart('use', columns.gpu_util, columns.gpu_util_max, 100, percent, t, room),
    chart('memory', columns.memory_used, columns.memory_used_max, maxOf(columns.memory_total), formatBytes, t, room),
    chart('temperature', columns.temperature, columns.temperature_max, HOTTEST, plain('°C'), t, room),
    chart('power', columns.power_draw, columns.power_draw_max, limit, plain('W'), t, room),
  ].flat();
  if (charts.length === 0) return [];
  return ['', paint(io, 'bold', printable(kind === 'cpu' ? name : `${name} (${id})`)), ...charts];
}

function chart(
  title: string,
  values: Values,
  peaks: Values,
  top: number | null,
  write: (value: number) => string,
  t: readonly number[],
  room: number,
): string[] {
  const mean = meanOf(values);
  const highest = maxOf(peaks) ?? maxOf(values);
  if (mean === null || highest === null) return [];
  const at = t[Math.max(peaks.indexOf(highest), values.indexOf(highest))];
  const when = at === undefined ? '' : ` at ${timeText(new Date(at * 1000).toISOString())}`;
  const scale = { min: 0, max: top ?? highest };
  const drawn = bars(squeeze(values, room), HEIGHT, scale);
  const labels = drawn.map((_, line) => {
    if (line === 0) return write(scale.max);
    return line === HEIGHT - 1 ? '0' : '';
  });
  return [
    `${title}: ${write(mean)} on average, ${write(highest)} at most${when}`,
    ...drawn.map((line, i) => `${(labels[i] ?? '').padStart(AXIS)} │${line}`.trimEnd()),
    `${' '.repeat(AXIS)} └${axis(t, Math.min(room, values.length))}`,
  ];
}

/** Begin and end under the chart, where there is room. */
function axis(t: readonly number[], width: number): string {
  const [first, last] = [t[0], t.at(-1)];
  if (first === undefined || last === undefined) return '';
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(11, 16);
  const [begin, end] = [time(first), time(last)];
  return width < begin.length + end.length + 2
    ? begin
    : `${begin}${' '.repeat(width - begin.length - end.length)}${end}`;
}

function hasFigures({ columns }: WorkerHistory): boolean {
  return meanOf(columns.cpu) !== null || meanOf(columns.memory) !== null;
}

function workerTable(io: Io, workers: readonly WorkerHistory[], width: number): string[] {
  const columns = [
    { title: 'NAME', spare: 0 },
    { title: 'CPU', spare: 1 },
    { title: 'MEAN %', align: 'right', spare: 0 },
    { title: 'MOST %', align: 'right', spare: 0 },
    { title: 'MEMORY', spare: 2 },
    { title: 'MOST', align: 'right', spare: 0 },
    { title: 'LONGEST QUEUE', align: 'right', spare: 3 },
  ] as const;
  const rows = workers.filter(hasFigures).map((worker) => {
    const { cpu, cpu_max, queue, queue_max } = worker.columns;
    const [memory, memoryMax] =
      worker.device === CPU
        ? [worker.columns.memory, worker.columns.memory_max]
        : [worker.columns.gpu_memory, worker.columns.gpu_memory_max];
    const most = maxOf(cpu_max) ?? maxOf(cpu);
    const mostMemory = maxOf(memoryMax) ?? maxOf(memory);
    return [
      worker.name,
      sparkline(squeeze(cpu, WORKER_LINE), { min: 0, max: Math.max(100, most ?? 0) }),
      numberText(meanOf(cpu)),
      numberText(most),
      sparkline(squeeze(memory, WORKER_LINE), { min: 0, max: mostMemory ?? 0 }),
      mostMemory === null ? '-' : formatBytes(mostMemory),
      numberText(maxOf(queue_max) ?? maxOf(queue)),
    ];
  });
  return fitTable(io, columns, rows, width);
}

function numberText(value: number | null): string {
  return value === null ? '-' : String(Math.round(value));
}

/** `2026-11-21 04:30:01`. */
function timeText(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
