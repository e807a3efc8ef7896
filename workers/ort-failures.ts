/** What onnxruntime and CUDA say when they fail, and what it means. They give texts, no codes. */
import { FacepoolError } from '../src/contract/errors.ts';
import { isMemoryText } from '../src/contract/memory-texts.ts';

/** The CUDA context is poisoned: every later call in this process fails too, only a new process helps. */
const STICKY_TEXTS = [
  'illegal memory access',
  'cudaerrorillegaladdress',
  'an illegal instruction was encountered',
  'misaligned address',
  'device-side assert',
  'unspecified launch failure',
  'launch timed out and was terminated',
  'uncorrectable ecc error',
  'cudnn_status_execution_failed',
  'cublas_status_execution_failed',
  'cublas_status_internal_error',
  'hardware stack error',
  'invalid program counter',
  'operation not supported on global/shared address space',
  'mps server',
  'mps client',
  'gpu has fallen off the bus',
  'device is lost',
];

function contains(text: string, needles: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return needles.some((needle) => lower.includes(needle));
}

export function isStickyText(text: string): boolean {
  return contains(text, STICKY_TEXTS);
}

/** onnxruntime's error as ours: `memory_exhausted` or `model_failed`; file paths are cut out of the message. */
export function ortFailure(what: string, error: unknown): FacepoolError {
  const text = error instanceof Error ? error.message : String(error);
  const clean = text.replace(/(^|[\s"'(:])(?:file:)?\/[^\s"'):,]+/g, '$1<path>').slice(0, 500);
  return new FacepoolError(isMemoryText(text) ? 'memory_exhausted' : 'model_failed', `${what}: ${clean}`, {
    cause: error,
  });
}

/** True when this error, or what it was made from, poisons the process. */
export function isSticky(error: unknown): boolean {
  for (let e = error, depth = 0; e instanceof Error && depth < 4; e = e.cause, depth++) {
    if (isStickyText(e.message)) return true;
  }
  return false;
}
