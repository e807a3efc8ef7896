/** Device of the config → onnxruntime's execution providers. */
import { FacepoolError } from '../src/contract/errors.ts';

const CUDA = /^(cuda(:\d+)?|(GPU|MIG|MIG-GPU)-[0-9a-fA-F][0-9a-fA-F/-]*)$/;

/**
 * `cpu` → `['cpu']`; `cuda:N`, `GPU-<uuid>`, `MIG-<uuid>` → `['cuda']` alone, so that a card that cannot be used is
 * an error and never a silent run on the CPU. Which card it is, CUDA_VISIBLE_DEVICES says. Else `invalid_argument`.
 */
export function providersFor(device: string): readonly string[] {
  if (device === 'cpu') return ['cpu'];
  if (CUDA.test(device)) return ['cuda'];
  throw new FacepoolError('invalid_argument', `device "${device}" is not cpu, cuda:N, GPU-<uuid> or MIG-<uuid>`, {
    param: 'device',
  });
}
