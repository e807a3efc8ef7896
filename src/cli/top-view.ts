/** `facepool top` as lines: devices and processes with their last minutes, alerts, events. */
import type { AlertAnswer, GpuAnswer } from '../contract/history.ts';
import { SUPERVISORD_WORD } from '../contract/lifecycle.ts';
import type { ModelStatus } from '../contract/results.ts';
import { formatBytes, formatSeconds } from '../util/format.ts';
import { alertLine } from './alert-lines.ts';
import { lastMeans, maxOf, type Point, type Scale, sparkline } from './chart.ts';
import { eventLine } from './event-lines.ts';
import { cut, type FitColumn, fitTable } from './fit.ts';
import { type Io, paint, printable, type Style } from './io.ts';
import type { Cell } from './table.ts';
import { CPU, type Recent, SPAN_S, type TopLook } from './top-data.ts';

const DEVICE_LINE = 30;
const WORKER_LINE = 10;
const NONE = '-';
const PERCENT: Scale = { min: 0, max: 100 };
/** Cards idle at 30 °C and slow down above 80. */
const HEAT: Scale = { min: 20, max: 100 };

/** @param width characters of a line; infinite where nothing limits them */
export function topLines(io: Io, seen: TopLook, recent: Recent, width: number): string[] {
  return [
    ...head(seen.gpu).map((line) => cut(line, width)),
    ...deviceLines(io, seen.gpu, recent, width),
    '',
    ...workerLines(io, seen, recent, width),
    ...section(
      'ALERTS',
      seen.alerts.filter(isOpen).map((alert) => alertLine(io, alert, width)),
    ),
    ...section(
      'LAST EVENTS (UTC)',
      seen.events.map((event) => eventLine(io, event, width, true)),
    ),
  ];

  function section(title: string, lines: readonly string[]): string[] {
    return lines.length === 0 ? [] : ['', paint(io, 'bold', title), ...lines];
  }
}

function isOpen({ state }: AlertAnswer): boolean {
  return state === 'firing' || state === 'pending';
}

/** Only what is not as it should be. */
function head({ at, driver, warnings, history }: GpuAnswer): string[] {
  const lines = [
    ...(at === null ? ['Nothing was observed yet.'] : []),
    ...(driver.state === 'ok' || at === null ? [] : [`No GPU is looked at: ${driver.detail}`]),
    ...warnings,
    ...(history.state === 'ok' || history.state === 'off' ? [] : [`The history is not written: ${history.detail}`]),
  ];
  return lines.length === 0 ? [] : [...lines.map(printable), ''];
}

function deviceLines(io: Io, { host, gpus }: GpuAnswer, recent: Recent, width: number): string[] {
  const row = (label: string, line: string, value: string): string =>
    cut(`  ${label.padEnd(6)}  ${line}  ${value}`, width);
  const line = (id: string, figure: 'util' | 'memory' | 'temperature' | 'power', scale: Scale): string =>
    spark(recent.of('device', id, figure), recent.last, DEVICE_LINE, scale);
  const lines: string[] = [];
  if (host !== null) {
    const cores = Math.round(host.cores * 100) / 100;
    const load = host.load1 === null ? '' : `, load ${host.load1.toFixed(2)}`;
    lines.push(paint(io, 'bold', `CPU (${cores} ${cores === 1 ? 'core' : 'cores'}${load})`));
    lines.push(row('use', line(CPU, 'util', PERCENT), percent(host.cpu_util)));
    const memory = line(CPU, 'memory', { min: 0, max: host.memory_total ?? 0 });
    lines.push(row('memory', memory, memoryText(host.memory_used, host.memory_total, host)));
  }
  for (const gpu of gpus) {
    lines.push(gpuTitle(io, gpu));
    lines.push(row('use', line(gpu.id, 'util', PERCENT), percent(gpu.gpu_util)));
    const memory = line(gpu.id, 'memory', { min: 0, max: gpu.memory_total ?? 0 });
    lines.push(row('memory', memory, memoryText(gpu.memory_used, gpu.memory_total, gpu)));
    if (gpu.temperature !== null) {
      lines.push(row('heat', line(gpu.id, 'temperature', HEAT), `${Math.round(gpu.temperature)} °C`));
    }
    if (gpu.power_draw !== null) {
      const limit = gpu.power_limit;
      const watts = `${Math.round(gpu.power_draw)}${limit === null ? '' : ` of ${Math.round(limit)}`} W`;
      const scale = {
        min: 0,
        max: limit ?? maxOf(recent.of('device', gpu.id, 'power').map(({ value }) => value)) ?? 0,
      };
      lines.push(row('power', line(gpu.id, 'power', scale), watts));
    }
  }
  return lines;
}

function gpuTitle(io: Io, { index, name, state, detail, throttle }: GpuAnswer['gpus'][number]): string {
  const slow = throttle === null || throttle.length === 0 ? '' : `, slowed down: ${throttle.join(', ')}`;
  const title = printable(`GPU ${index}: ${name ?? 'unknown'}`);
  return state === 'ok'
    ? `${paint(io, 'bold', title)}${slow}`
    : `${paint(io, 'bold', title)}, ${paint(io, 'red', printable(`${state}: ${detail}`))}`;
}

type Budget = { readonly budget: number | null; readonly reserved: number | null; readonly foreign: number | null };

/** `3.2 GiB of 8.0 GiB; models 900 MiB of 1000 MiB, others 1.2 GiB`. */
function memoryText(used: number | null, total: number | null, { budget, reserved, foreign }: Budget): string {
  const share = used === null ? NONE : `${formatBytes(used)}${total === null ? '' : ` of ${formatBytes(total)}`}`;
  const limit = budget === null ? '' : ` of ${formatBytes(budget)}`;
  const models = reserved === null ? '' : `; models ${formatBytes(reserved)}${limit}`;
  return `${share}${models}${foreign === null ? '' : `, others ${formatBytes(foreign)}`}`;
}

const COLUMNS: readonly FitColumn[] = [
  { title: 'NAME', spare: 0 },
  { title: 'STATUS', spare: 0 },
  { title: 'PID', align: 'right', spare: 5 },
  { title: 'CPU', spare: 2 },
  { title: '%', align: 'right', spare: 0 },
  { title: 'MEM', spare: 3 },
  { title: 'MEMORY', align: 'right', spare: 0 },
  { title: 'RESERVED', align: 'right', spare: 4 },
  { title: 'IN USE', align: 'right', spare: 1 },
  { title: 'QUEUE', align: 'right', spare: 0 },
  { title: 'RESTARTS', align: 'right', spare: 1 },
  { title: 'UPTIME', align: 'right', spare: 6 },
];

function workerLines(io: Io, { gpu, models }: TopLook, recent: Recent, width: number): string[] {
  const observed = gpu.workers.map((worker) =>
    workerRow(
      worker,
      models.find(({ name }) => name === worker.name),
      recent,
    ),
  );
  // Before the first observation only the models are known.
  const others = models.filter(({ name }) => gpu.workers.every((worker) => worker.name !== name)).map(modelRow);
  return fitTable(io, COLUMNS, [...observed, ...others], width);
}

function workerRow(worker: GpuAnswer['workers'][number], model: ModelStatus | undefined, recent: Recent): Cell[] {
  const { name, device, state } = worker;
  const memory = device === CPU ? worker.memory : worker.gpu_memory;
  const cpuPoints = recent.of('worker', name, 'cpu');
  const memoryPoints = recent.of('worker', name, 'memory');
  const most = (points: readonly Point[]): number => maxOf(points.map(({ value }) => value)) ?? 0;
  return [
    name,
    status(model?.supervisord_state ?? wordOf(state)),
    worker.pid ?? NONE,
    spark(cpuPoints, recent.last, WORKER_LINE, { min: 0, max: Math.max(100, most(cpuPoints)) }),
    worker.cpu === null ? NONE : worker.cpu.toFixed(1),
    spark(memoryPoints, recent.last, WORKER_LINE, { min: 0, max: Math.max(worker.reserved ?? 0, most(memoryPoints)) }),
    bytes(memory ?? model?.memory_bytes ?? null),
    bytes(worker.reserved),
    worker.in_use ?? NONE,
    worker.queue ?? NONE,
    worker.restarts,
    uptime(model),
  ];
}

function modelRow(model: ModelStatus): Cell[] {
  const { name, pid, memory_bytes: memory, reserved_bytes: reserved, in_use: inUse, queue, restarts } = model;
  const blank = ['', NONE, ''];
  return [
    name,
    status(model.supervisord_state),
    pid ?? NONE,
    ...blank,
    bytes(memory),
    bytes(reserved),
    inUse ?? NONE,
    queue,
    restarts,
    uptime(model),
  ];
}

function wordOf(state: string): string {
  const words: Readonly<Record<string, string>> = SUPERVISORD_WORD;
  return words[state] ?? state;
}

/** An unloaded model (EXITED) is as it should be, but serves nobody: no colour. */
export function styleOf(word: string): Style | undefined {
  if (word === 'RUNNING') return 'green';
  if (word === 'EXITED') return undefined;
  return word === 'FATAL' ? 'red' : 'yellow';
}

function status(word: string): Cell {
  return { text: word, style: styleOf(word) };
}

function uptime(model: ModelStatus | undefined): string {
  return model === undefined || model.uptime_s === null ? NONE : formatSeconds(model.uptime_s);
}

function spark(points: readonly Point[], now: number, width: number, scale: Scale): string {
  return sparkline(lastMeans(points, now, SPAN_S, width), scale);
}

function bytes(value: number | null): string {
  return value === null ? NONE : formatBytes(value);
}

function percent(value: number | null): string {
  return value === null ? NONE : `${Math.round(value)} %`;
}
