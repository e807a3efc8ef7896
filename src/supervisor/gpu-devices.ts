/** Which card a model's device is, by the settings' name and the driver's list. */
import process from 'node:process';
import type { GpuReading } from '../contract/monitor.ts';

export const CPU = 'cpu';

/** Stable across restarts and renumbering where the driver tells a uuid. */
export function gpuId(gpu: Pick<GpuReading, 'uuid' | 'index'>): string {
  return gpu.uuid ?? `cuda:${gpu.index}`;
}

/**
 * The card that `device` (cuda:N, GPU-<uuid>, MIG-<uuid>) means; undefined for the CPU and for a card that the driver
 * does not show. N counts in the server's own `CUDA_VISIBLE_DEVICES`, as it does for the workers.
 */
export function findGpu<G extends Pick<GpuReading, 'uuid' | 'index' | 'parentUuid'>>(
  device: string,
  gpus: readonly G[],
  visible: string | undefined = process.env['CUDA_VISIBLE_DEVICES'],
): G | undefined {
  const index = /^cuda:(\d+)$/.exec(device)?.[1];
  const card = index === undefined || visible === undefined ? (index ?? device) : visible.split(',')[Number(index)];
  if (card === undefined || card.trim() === '') return undefined;
  const wanted = card.trim();
  if (/^\d+$/.test(wanted)) return gpus.find((gpu) => gpu.parentUuid === null && gpu.index === Number(wanted));
  // CUDA takes the beginning of a uuid, too.
  return gpus.find((gpu) => gpu.uuid?.toLowerCase().startsWith(wanted.toLowerCase()) === true);
}
