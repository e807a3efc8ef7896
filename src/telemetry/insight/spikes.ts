/** Moments in which a device, or a queue, stood out, and what explains them (S3-02, S3-23). */
import type { DeviceHistory, EventType, Finding, StoredEvent, WorkerHistory } from '../../contract/history.ts';
import { formatBytes, formatSeconds } from '../../util/format.ts';
import { median, type Peak, peak, pick, placesWhere, type Run, runsOf, type Series } from './series.ts';
import {
  deviceColumn,
  finding,
  type InsightWindow,
  LONG_STEP_S,
  modelOf,
  nameOf,
  points,
  secondsOf,
  timeText,
  workerColumn,
} from './window.ts';

/** A spike is so much above the usual, and no less than that. Percent. */
const ABOVE_USUAL = 30;
const LEAST_UTIL = 50;
/** Of one device, and of all queues. */
const MOST_SPIKES = 3;
/** Steps below the line that do not end a spike. */
const GAP_STEPS = 3;
/** Events so long before or after the begin may be its cause. */
const BEFORE_MS = 10_000;
const AFTER_MS = 5000;
const MiB = 2 ** 20;
const FOREIGN_BYTES = 256 * MiB;
/** Requests that wait: fewer are no queue. */
const LEAST_QUEUE = 4;
const QUEUE_FACTOR = 4;

/** What takes time of a device besides requests. */
const CAUSES: ReadonlySet<EventType> = new Set<EventType>([
  'server_start',
  'start',
  'ready',
  'evict',
  'crash',
  'restart',
  'oom',
  'swap',
  'tenant',
  'xid',
]);

type QueuePeak = Peak & { readonly worker: WorkerHistory };

export function spikes(window: InsightWindow): Finding[] {
  const explained = new Set<string>();
  const ofDevices = window.history.devices.flatMap((device) =>
    spikesOf(device).map((run) => explain(window, device, run, explained)),
  );
  return [...ofDevices, ...queuePeaks(window, explained)];
}

/** The highest ones. */
function spikesOf(device: DeviceHistory): Run[] {
  const util = deviceColumn(device, 'gpu_util');
  const usual = median(util);
  if (usual === null) return [];
  const line = Math.max(LEAST_UTIL, usual + ABOVE_USUAL);
  const runs = runsOf(
    placesWhere(util, (value) => value >= line),
    GAP_STEPS,
  );
  const height = (run: Run): number => peak(slice(util, run))?.value ?? 0;
  return runs
    .sort((a, b) => height(b) - height(a) || b.last - b.first - (a.last - a.first))
    .slice(0, MOST_SPIKES)
    .sort((a, b) => a.first - b.first);
}

function explain(window: InsightWindow, device: DeviceHistory, run: Run, explained: Set<string>): Finding {
  const util = deviceColumn(device, 'gpu_util');
  const highest = peak(slice(deviceColumn(device, 'gpu_util_max', 'gpu_util'), run))?.value ?? 0;
  const usual = median(util) ?? 0;
  const seconds = secondsOf(window, placesOf(run));
  const event = causeOf(window, run);
  const queue = longestQueue(window, run);
  const foreign = peak(slice(deviceColumn(device, 'foreign'), run))?.value ?? 0;
  const grown = foreign - (median(deviceColumn(device, 'foreign')) ?? foreign);
  const parts = [
    ...(queue === null ? [] : [queueText(window, queue, run)]),
    ...(event === null ? [] : [`at that time: ${event.text}`]),
    ...(grown < FOREIGN_BYTES ? [] : [`other programs on it took ${formatBytes(grown)} more`]),
  ];
  if (queue !== null) explained.add(queue.worker.name);
  const rose = `${nameOf(device)} rose from ${points(usual)} to ${points(highest)} at ${timeText(window, run.first)} for ${formatSeconds(seconds)}`;
  const isExplained = parts.length > 0;
  return finding(
    window,
    {
      code: isExplained ? 'spike_explained' : 'spike_unexplained',
      severity: 'info',
      subject: device.id,
      text: isExplained ? `${rose}: ${parts.join('; ').replace(/\.$/, '')}.` : `${rose}; ${unexplained(window)}.`,
      numbers: { util_peak: highest, util_usual: usual, seconds, queue_peak: queue?.value ?? 0 },
    },
    run,
  );
}

function unexplained({ history }: InsightWindow): string {
  return history.step_s > LONG_STEP_S
    ? 'ask for a shorter time to see what explains it'
    : 'no event and no queue of this server explains it';
}

/** The nearest to the begin, if that is known well enough. */
function causeOf({ history }: InsightWindow, run: Run): StoredEvent | null {
  if (history.step_s > LONG_STEP_S) return null;
  const begin = (history.t[run.first] ?? 0) * 1000;
  const slack = (history.step_s - 1) * 1000;
  const near = history.events.filter(({ type, at }) => {
    const after = Date.parse(at) - begin;
    return CAUSES.has(type) && after >= -BEFORE_MS - slack && after <= AFTER_MS + slack;
  });
  const distance = ({ at }: StoredEvent): number => Math.abs(Date.parse(at) - begin);
  return near.sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

/** The worker that most requests waited for, where that was more than usual. */
function longestQueue({ history }: InsightWindow, run: Run): QueuePeak | null {
  const peaks = history.workers.flatMap((worker): QueuePeak[] => {
    const queue = workerColumn(worker, 'queue_max', 'queue');
    const most = peak(slice(queue, run));
    const line = Math.max(2, 1 + 2 * (median(queue) ?? 0));
    return most === null || most.value < line ? [] : [{ index: run.first + most.index, value: most.value, worker }];
  });
  return peaks.sort((a, b) => b.value - a.value)[0] ?? null;
}

function queueText(window: InsightWindow, { worker, value }: QueuePeak, run: Run): string {
  return `up to ${Math.round(value)} requests waited for ${worker.name} (${why(window, worker, value, run)})`;
}

/** Work for models of faces, and little before them, comes of many faces in few pictures. */
function why(window: InsightWindow, worker: WorkerHistory, waiting: number, run: Run): string {
  const role = modelOf(window, worker.name)?.role;
  const inFront = window.history.workers.filter(
    ({ name }) => name === 'imaging' || modelOf(window, name)?.role === 'detector',
  );
  const waits = inFront.some(
    (one) => (peak(slice(workerColumn(one, 'queue_max', 'queue'), run))?.value ?? 0) >= waiting / 2,
  );
  const ofFaces = role === 'recognizer' || role === 'liveness';
  return ofFaces && !waits ? 'many faces at once, which is normal' : 'many pictures at once';
}

/** Queues that no spike of a device tells of. */
function queuePeaks(window: InsightWindow, explained: ReadonlySet<string>): Finding[] {
  const found = window.history.workers.flatMap((worker) => {
    const queue = workerColumn(worker, 'queue_max', 'queue');
    const line = Math.max(LEAST_QUEUE, QUEUE_FACTOR * (median(queue) ?? 0));
    const runs = runsOf(
      placesWhere(queue, (value) => value >= line),
      GAP_STEPS,
    );
    if (explained.has(worker.name)) return [];
    return runs.flatMap((run) => {
      const most = peak(slice(queue, run));
      return most === null ? [] : [{ worker, run, value: most.value, line }];
    });
  });
  return found
    .sort((a, b) => b.value - a.value)
    .slice(0, MOST_SPIKES)
    .map(({ worker, run, value, line }) => {
      const means = workerColumn(worker, 'queue', 'queue_max');
      const isLong = (place: number): boolean => (means[place] ?? 0) >= line;
      const seconds = secondsOf(window, placesOf(run).filter(isLong));
      const since = `From ${timeText(window, run.first)} on, ${seconds === 0 ? 'for a short time' : `for ${formatSeconds(seconds)}`}`;
      return finding(
        window,
        {
          code: 'queue_peak',
          severity: 'info',
          subject: worker.name,
          text: `${since}, up to ${Math.round(value)} requests waited for ${worker.name} (${why(window, worker, value, run)}): answers took longer then.`,
          numbers: { queue_peak: value, seconds },
        },
        run,
      );
    });
}

function placesOf({ first, last }: Run): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function slice(values: Series, { first, last }: Run): Series {
  return pick(values, placesOf({ first, last }));
}
