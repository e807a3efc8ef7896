/** What NVML's return codes mean, in states and plain words. */
import type { DriverReading, DriverState, GpuState } from '../../src/contract/monitor.ts';

export const SUCCESS = 0;
export const NOT_SUPPORTED = 3;
export const INSUFFICIENT_SIZE = 7;
export const NOT_FOUND = 6;
export const TIMEOUT = 10;
export const GPU_IS_LOST = 15;
const UNINITIALIZED = 1;
const NO_PERMISSION = 4;
const DRIVER_NOT_LOADED = 9;
const FUNCTION_NOT_FOUND = 13;
const RESET_REQUIRED = 16;
const OPERATING_SYSTEM = 17;
export const LIB_RM_VERSION_MISMATCH = 18;
const ARGUMENT_VERSION_MISMATCH = 25;

/** A code that speaks for more than the value that was asked for. */
export class NvmlError extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`NVML returned ${code}`);
    this.name = 'NvmlError';
    this.code = code;
  }
}

const DRIVER_WORDS: Readonly<Record<number, readonly [DriverState, string]>> = {
  [NO_PERMISSION]: ['no_permission', 'this user may not use the NVIDIA driver: look at the rights of /dev/nvidiactl'],
  [DRIVER_NOT_LOADED]: ['no_driver', 'the NVIDIA driver is not loaded, or this container was started without GPUs'],
  [OPERATING_SYSTEM]: ['no_permission', 'the operating system does not let this process use the NVIDIA devices'],
  [LIB_RM_VERSION_MISMATCH]: [
    'mismatch',
    'the NVIDIA driver was changed while it ran: its library and the loaded kernel module are of different versions',
  ],
};

/** Why there is no driver to ask. */
export function driverFailure(code: number): DriverReading {
  const [state, detail] = DRIVER_WORDS[code] ?? ['error', `the NVIDIA driver answers with error ${code}`];
  return { state, detail, driverVersion: null };
}

export type GpuFailure = { readonly state: Exclude<GpuState, 'ok'>; readonly detail: string };

export function gpuFailure(code: number): GpuFailure {
  if (code === GPU_IS_LOST)
    return { state: 'lost', detail: 'the card has fallen off the bus, or cannot be reached any more' };
  if (code === RESET_REQUIRED)
    return { state: 'reset_required', detail: 'the card must be reset before it can be used' };
  if (code === NO_PERMISSION || code === OPERATING_SYSTEM)
    return { state: 'no_permission', detail: 'this process may not use the card' };
  return { state: 'error', detail: `the driver answers with error ${code} for this card` };
}

/** Nothing more can be asked of the card until it is looked for again. */
export function isCardGone(code: number): boolean {
  return code === GPU_IS_LOST || code === RESET_REQUIRED;
}

/** Nothing more can be asked of NVML until it is opened again. */
export function isDriverGone(code: number): boolean {
  return code === UNINITIALIZED || code === DRIVER_NOT_LOADED || code === LIB_RM_VERSION_MISMATCH;
}

/** The value is not there, and nothing is wrong with the card: old drivers, other kinds of cards. */
export function isUnknownHere(code: number): boolean {
  return code === NOT_SUPPORTED || code === FUNCTION_NOT_FOUND || code === ARGUMENT_VERSION_MISMATCH;
}
