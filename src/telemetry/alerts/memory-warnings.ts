/** S1-13: a sentence for each device whose memory is nearly full. */
import type { DeviceObservation, Observation } from '../../contract/observation.ts';
import { formatBytes } from '../../util/format.ts';

/** Share of the memory over which a device is nearly full. */
export const NEARLY_FULL = 0.9;

/** What the `warnings` of `GET /v1/gpu` are. */
export function memoryWarnings({ devices, workers }: Pick<Observation, 'devices' | 'workers'>): string[] {
  return devices.flatMap((device) => {
    const { memoryUsed: used, memoryTotal: total } = device;
    if (used === null || total === null || total <= 0 || used / total <= NEARLY_FULL) return [];
    const share = `${deviceLabel(device)}: ${percent(used / total)} of the memory is used`;
    return [`${share} (${formatBytes(used)} of ${formatBytes(total)}); ${relief(device, workers)}.`];
  });
}

/** A device as sentences name it. */
export function deviceLabel({ kind, name, device, index }: DeviceObservation): string {
  if (kind === 'cpu') return 'this machine';
  return `${name} (${device ?? `GPU ${index ?? '?'}`})`;
}

export function percent(ratio: number): string {
  return `${Math.round(ratio * 1000) / 10} %`;
}

/** What would give memory back: the largest idle model, or whoever else holds most. */
export function relief(device: DeviceObservation, workers: Observation['workers']): string {
  const models = workers
    .filter((worker) => worker.device === device.id && worker.reserved !== null && worker.state === 'ready')
    .map(({ name, gpuMemory, memory, inUse }) => ({
      name,
      bytes: (device.kind === 'gpu' ? gpuMemory : memory) ?? 0,
      busy: (inUse ?? 0) > 0,
    }))
    .sort((a, b) => Number(a.busy) - Number(b.busy) || b.bytes - a.bytes);
  const [first] = models;
  const ours = models.reduce((sum, { bytes }) => sum + bytes, 0);
  const foreign = device.foreign ?? 0;
  const others = foreign > ours ? `; other programs hold ${formatBytes(foreign)} of it` : '';
  if (first === undefined) return `scale out or divert requests${others}`;
  const holds = first.bytes > 0 ? ` (it holds ${formatBytes(first.bytes)})` : '';
  return `scale out, divert requests, or unload ${first.name}${holds}${others}`;
}
