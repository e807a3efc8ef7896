/** Memory that was nearly full (S3-22), and who made its highest moment (S3-03). */
import type { DeviceHistory, Finding, WorkerHistory } from '../../contract/history.ts';
import { formatBytes, formatSeconds } from '../../util/format.ts';
import { mean, median, type Peak, peak, placesWhere, type Series } from './series.ts';
import {
  deviceColumn,
  finding,
  type InsightWindow,
  memoryOf,
  modelOf,
  modelsOn,
  momentText,
  nameOf,
  secondsOf,
} from './window.ts';

/** Share of the memory over which it is nearly full. */
const NEAR = 0.9;
const MiB = 2 ** 20;
/** A highest moment that is worth a word stands out by so much. */
const PEAK_FACTOR = 1.25;
const PEAK_BYTES = 256 * MiB;
/** Who grew by so much of it made it. */
const MAIN_SHARE = 0.4;

export function memoryNearLimit(window: InsightWindow): Finding[] {
  return window.history.devices.flatMap((device) => {
    const used = deviceColumn(device, 'memory_used_max', 'memory_used');
    const total = deviceColumn(device, 'memory_total');
    const ratios = ratiosOf(used, total);
    const most = peak(ratios);
    if (most === null || most.value <= NEAR) return [];
    const means = ratiosOf(deviceColumn(device, 'memory_used', 'memory_used_max'), total);
    const seconds = secondsOf(
      window,
      placesWhere(means, (value) => value > NEAR),
    );
    const lasted = seconds === 0 ? 'for a short time' : `for ${formatSeconds(seconds)}`;
    const [bytes, all] = [used[most.index] ?? 0, total[most.index] ?? 0];
    const hadOom = window.history.events.some(({ type, subject }) => type === 'oom' && isOn(window, device, subject));
    const where = device.kind === 'cpu' ? 'this machine' : nameOf(device);
    const figures =
      `The memory of ${where} was used to ${Math.round(most.value * 100)} % (${formatBytes(bytes)} of ${formatBytes(all)}) ` +
      `${momentText(window, most.index)}, and over ${NEAR * 100} % ${lasted}`;
    return [
      finding(window, {
        code: 'memory_near_limit',
        severity: hadOom ? 'error' : 'warning',
        subject: device.id,
        text: `${figures}${hadOom ? '; a worker ran out of memory' : ''}. ${advice(window, device, bytes)}`,
        numbers: { memory_ratio: most.value, memory_used: bytes, memory_total: all, seconds },
      }),
    ];
  });
}

/** Lower a batch, or unload what is used least. */
function advice(window: InsightWindow, device: DeviceHistory, used: number): string {
  const models = modelsOn(window, device);
  const least = [...models]
    .map((worker) => ({ name: worker.name, bytes: mean(memoryOf(worker, device)) ?? 0, use: useOf(worker) }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => a.use - b.use || b.bytes - a.bytes)[0];
  const batches = models
    .map(({ name }) => ({ name, batch: modelOf(window, name)?.batch ?? 1 }))
    .sort((a, b) => b.batch - a.batch)[0];
  const foreign = mean(deviceColumn(device, 'foreign'));
  const ways = [
    ...(least === undefined ? [] : [`unload ${least.name} (${formatBytes(least.bytes)}, used least)`]),
    ...(batches === undefined || batches.batch <= 1 ? [] : [`lower the batch of ${batches.name} (${batches.batch})`]),
  ];
  const others = foreign !== null && foreign > used / 2 ? `Other programs hold ${formatBytes(foreign)} of it. ` : '';
  if (ways.length === 0) return `${others}${others === '' ? 'Divert requests, or give it more memory.' : ''}`.trim();
  const text = ways.join(', or ');
  return `${others}${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Requests that are with it or wait for it, on average. */
function useOf({ columns }: WorkerHistory): number {
  return (mean(columns.in_use) ?? 0) + (mean(columns.queue) ?? 0);
}

/** The highest moment, where it stands out: when it was and who grew then. */
export function memoryPeak(window: InsightWindow): Finding[] {
  return window.history.devices.flatMap((device) => {
    const used = deviceColumn(device, 'memory_used_max', 'memory_used');
    const [most, usual] = [peak(used), median(used)];
    if (most === null || usual === null) return [];
    const grown = most.value - usual;
    if (grown < PEAK_BYTES || most.value < usual * PEAK_FACTOR) return [];
    const who = whoGrew(window, device, most, grown);
    const where = device.kind === 'cpu' ? 'this machine' : nameOf(device);
    return [
      finding(
        window,
        {
          code: 'memory_peak',
          severity: 'info',
          subject: who.name ?? device.id,
          text: `The memory of ${where} was highest ${momentText(window, most.index)}: ${formatBytes(most.value)}, usually ${formatBytes(usual)}. ${who.text}`,
          numbers: { memory_peak: most.value, memory_usual: usual, worker_grown: who.grown },
        },
        { first: most.index, last: most.index },
      ),
    ];
  });
}

type Grower = { readonly name: string | null; readonly grown: number; readonly text: string };

function whoGrew(window: InsightWindow, device: DeviceHistory, most: Peak, grown: number): Grower {
  const [first] = window.history.workers
    .filter((worker) => worker.device === device.id || device.kind === 'cpu')
    .map((worker) => ({ name: worker.name, grown: growth(memoryOf(worker, device), most.index) }))
    .sort((a, b) => b.grown - a.grown);
  if (first !== undefined && first.grown >= MAIN_SHARE * grown) {
    const text = `${first.name} held ${formatBytes(first.grown)} more than usual then: a smaller batch, or a device of its own, would take the peak away.`;
    return { ...first, text };
  }
  const foreign = growth(deviceColumn(device, 'foreign'), most.index);
  if (foreign >= MAIN_SHARE * grown) {
    return { name: null, grown: 0, text: `Other programs held ${formatBytes(foreign)} more than usual then.` };
  }
  return { name: null, grown: first?.grown ?? 0, text: 'No single process explains it.' };
}

function growth(values: Series, place: number): number {
  const usual = median(values);
  const then = values[place] ?? null;
  return usual === null || then === null ? 0 : Math.max(0, then - usual);
}

function isOn({ history }: InsightWindow, device: DeviceHistory, worker: string | null): boolean {
  return history.workers.some(({ name, device: id }) => name === worker && id === device.id);
}

function ratiosOf(parts: Series, wholes: Series): Series {
  return parts.map((part, place) => ratio(part, wholes[place] ?? null));
}

function ratio(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole;
}
