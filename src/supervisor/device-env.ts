/**
 * The environment that ties a model worker to its device. A worker sees one card and no other, so in there it is always
 * the first; a model on the CPU sees none.
 */
import process from 'node:process';
import { FacepoolError } from '../contract/errors.ts';

/** Files are read on these; the runs have threads of their own. */
const LIBUV_THREADS = '2';

/**
 * `device` is cpu, cuda:N, GPU-<uuid> or MIG-<uuid>. Where the server itself was given a choice of cards
 * (`CUDA_VISIBLE_DEVICES`), N counts in that choice. Throws `invalid_argument` where the choice has no such card.
 */
export function deviceEnv(
  model: string,
  device: string,
  threads: number,
  visible: string | undefined = process.env['CUDA_VISIBLE_DEVICES'],
): Readonly<Record<string, string>> {
  const common = { UV_THREADPOOL_SIZE: LIBUV_THREADS, OMP_NUM_THREADS: String(threads) };
  if (device === 'cpu') return { ...common, CUDA_VISIBLE_DEVICES: '' };
  // Cards are numbered as nvidia-smi numbers them, not by speed.
  return { ...common, CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: cardOf(model, device, visible) };
}

function cardOf(model: string, device: string, visible: string | undefined): string {
  const index = /^cuda:(\d+)$/.exec(device)?.[1];
  if (index === undefined) return device;
  if (visible === undefined) return index;
  const choice = visible.split(',').map((card) => card.trim());
  const card = choice[Number(index)];
  if (card !== undefined && card !== '') return card;
  throw new FacepoolError(
    'invalid_argument',
    `models.${model}.device is ${device}, but CUDA_VISIBLE_DEVICES shows this server "${visible}"`,
    { param: `models.${model}.device` },
  );
}
