/** A stretch of history as the rules of insight look at it. */
import type {
  DeviceColumn,
  DeviceHistory,
  Finding,
  HistoryAnswer,
  StoredEvent,
  WorkerColumn,
  WorkerHistory,
} from '../../contract/history.ts';
import type { ModelRole } from '../../contract/manifest.ts';
import type { ThrottleReason } from '../../contract/monitor.ts';
import { formatSeconds } from '../../util/format.ts';
import { type Bounds, coveredSeconds } from './coverage.ts';
import { mean, placesWhere, type Run, type Series } from './series.ts';

export type InsightModel = {
  readonly name: string;
  readonly role: ModelRole | null;
  /** Bytes that the memory scheduler keeps for it; null while it has no process. */
  readonly reservedBytes: number | null;
  /** Bytes that it needs by its manifest. */
  readonly estimateBytes?: number | undefined;
  /** Faces that it takes at once. */
  readonly batch?: number | undefined;
};

export type InsightContext = Bounds & {
  /** That the server may use; fractions where a cgroup limits them. */
  readonly cores: number;
  readonly models: readonly InsightModel[];
  /** What slows devices down now, by id, for a window that ends now: the history has no column for it. */
  readonly throttle?: Readonly<Record<string, readonly ThrottleReason[] | null>> | undefined;
};

export type InsightWindow = {
  readonly history: HistoryAnswer;
  readonly context: InsightContext;
  readonly gpus: readonly DeviceHistory[];
  readonly cpu: DeviceHistory | undefined;
  readonly imaging: WorkerHistory | undefined;
  /** Seconds of each step in which the server ran. */
  readonly covered: readonly number[];
};

/** Name of the imaging process among the workers. */
const IMAGING = 'imaging';
/** Processes of the server that hold no model. */
const NO_MODELS: ReadonlySet<string> = new Set(['supervisor', IMAGING, 'monitor']);

export function windowOf(history: HistoryAnswer, context: InsightContext): InsightWindow {
  return {
    history,
    context,
    gpus: history.devices.filter(({ kind }) => kind === 'gpu'),
    cpu: history.devices.find(({ kind }) => kind === 'cpu'),
    imaging: history.workers.find(({ name }) => name === IMAGING),
    covered: coveredSeconds(history, context),
  };
}

/** The column, or the mean one where the peaks are not known. */
export function deviceColumn(device: DeviceHistory, name: DeviceColumn, fallback?: DeviceColumn): Series {
  const values = device.columns[name];
  return fallback !== undefined && mean(values) === null ? device.columns[fallback] : values;
}

export function workerColumn(worker: WorkerHistory, name: WorkerColumn, fallback?: WorkerColumn): Series {
  const values = worker.columns[name];
  return fallback !== undefined && mean(values) === null ? worker.columns[fallback] : values;
}

/** What a worker holds of its device, bytes. */
export function memoryOf(worker: WorkerHistory, device: DeviceHistory): Series {
  return device.kind === 'gpu'
    ? workerColumn(worker, 'gpu_memory_max', 'gpu_memory')
    : workerColumn(worker, 'memory_max', 'memory');
}

/** Workers with a model on a device. */
export function modelsOn({ history }: InsightWindow, device: DeviceHistory): readonly WorkerHistory[] {
  return history.workers.filter(({ name, device: id }) => id === device.id && !NO_MODELS.has(name));
}

export function modelOf({ context }: InsightWindow, name: string): InsightModel | undefined {
  return context.models.find((model) => model.name === name);
}

/** Seconds of the window in which the column is known. */
export function secondsKnown(window: InsightWindow, values: Series): number {
  return secondsOf(
    window,
    placesWhere(values, () => true),
  );
}

/** Seconds of these steps in which the server ran. For places that a mean chose: a peak may be one second of its step. */
export function secondsOf({ covered }: InsightWindow, places: readonly number[]): number {
  return Math.round(places.reduce((sum, place) => sum + (covered[place] ?? 0), 0));
}

/** As sentences name a device. */
export function nameOf({ kind, name, id }: DeviceHistory): string {
  return kind === 'cpu' ? 'the CPU' : `${name === '' ? id : name}`;
}

const DAY_S = 86_400;
/** In a longer step the time of a peak, and what came before it, are not known. */
export const LONG_STEP_S = 60;

/** The time of an entry: `10:23:45 UTC`, with its date in a window of about a day or more. */
export function timeText(window: InsightWindow, place: number): string {
  return clockText(window, (window.history.t[place] ?? 0) * 1000);
}

/** When a peak was: `at 10:23:45 UTC`, or within its step where that is long. */
export function momentText(window: InsightWindow, place: number): string {
  const { step_s: step } = window.history;
  const begin = timeText(window, place);
  return step <= LONG_STEP_S ? `at ${begin}` : `at some time within ${formatSeconds(step)} from ${begin} on`;
}

export function eventTime(window: InsightWindow, event: StoredEvent): string {
  return clockText(window, Date.parse(event.at));
}

function clockText({ history }: InsightWindow, ms: number): string {
  const span = (Date.parse(history.to) - Date.parse(history.from)) / 1000;
  const [date = '', time = ''] = new Date(ms).toISOString().split('T');
  return `${span > 0.8 * DAY_S ? `${date} ` : ''}${time.slice(0, 8)} UTC`;
}

type FindingFields = Pick<Finding, 'code' | 'severity' | 'subject' | 'text' | 'numbers'>;

/** @param run the stretch that it is about; default: the window */
export function finding({ history }: InsightWindow, fields: FindingFields, run?: Run): Finding {
  const [first, last] = run === undefined ? [undefined, undefined] : [history.t[run.first], history.t[run.last]];
  return {
    ...fields,
    numbers: Object.fromEntries(Object.entries(fields.numbers).map(([name, value]) => [name, tidy(value)])),
    from: first === undefined ? history.from : new Date(first * 1000).toISOString(),
    to: last === undefined ? history.to : new Date((last + history.step_s) * 1000).toISOString(),
  };
}

function tidy(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Math.round(value * 1000) / 1000;
}

/** `12 %`. */
export function points(value: number): string {
  return `${Math.round(value)} %`;
}
