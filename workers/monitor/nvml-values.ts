/** One value of one device: null where the device or the driver does not know it. */
import type { NvmlArgument, NvmlCall } from './nvml-api.ts';
import { NvmlError, SUCCESS, isCardGone, isDriverGone } from './nvml-codes.ts';

/** Long enough for the UUIDs of MIG devices, and for names since NVML 11. */
const TEXT_BYTES = 96;

const word = new Uint32Array(2);
const long = new BigUint64Array(1);
const text = new Uint8Array(TEXT_BYTES);

/**
 * @returns whether the value is there
 * @throws NvmlError where the code speaks for the whole card, or the driver
 */
export function told(code: number): boolean {
  if (isCardGone(code) || isDriverGone(code)) throw new NvmlError(code);
  return code === SUCCESS;
}

export function readWord(call: NvmlCall | null, device: bigint, ...before: NvmlArgument[]): number | null {
  return call !== null && told(call(device, ...before, word)) ? (word[0] ?? null) : null;
}

export function readLong(call: NvmlCall | null, device: bigint, ...before: NvmlArgument[]): bigint | null {
  return call !== null && told(call(device, ...before, long)) ? (long[0] ?? null) : null;
}

export function readText(call: NvmlCall | null, device: bigint): string | null {
  return call !== null && told(call(device, text, TEXT_BYTES)) ? terminated(text) : null;
}

/** Up to the zero that ends it in C. */
export function terminated(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Some drivers answer with rubbish for processes that just ended. */
export function percent(value: number | null): number | null {
  return value === null || value > 100 ? null : value;
}
