/** NVML opened: its cards as they were found. */
import type { DriverReading } from '../../src/contract/monitor.ts';
import { readIdentity } from './device-reader.ts';
import type { Identity } from './device-reader.ts';
import { SYSTEM_LIBRARY, bindNvml } from './nvml-api.ts';
import type { NvmlApi } from './nvml-api.ts';
import { NvmlError, SUCCESS, driverFailure, gpuFailure, isDriverGone } from './nvml-codes.ts';
import type { GpuFailure } from './nvml-codes.ts';
import { terminated } from './nvml-values.ts';

const VERSION_BYTES = 80;

/** NVML keeps its own handles valid while it is open. */
export type Found = Identity & {
  /** NVML's, which is nvidia-smi's. */
  readonly index: number;
  /** Null: there is something at this index, but it does not answer. */
  readonly handle: bigint | null;
  readonly failure: GpuFailure | null;
};

export type NvmlSession = {
  readonly api: NvmlApi;
  readonly driver: DriverReading;
  readonly cards: readonly Found[];
  /** Only with no wait in flight. */
  close(): void;
};

/** @param path '' is the system's library */
export function openNvml(path: string): NvmlSession | DriverReading {
  const api = load(path);
  if ('state' in api) return api;
  const code = api.init();
  // Without a successful init there is nothing to shut down.
  if (code !== SUCCESS) {
    api.unload();
    return driverFailure(code);
  }
  const close = (): void => {
    api.shutdown();
    // The next one may find the library of another driver in its place.
    api.unload();
  };
  const driverVersion = readDriverVersion(api);
  try {
    return { api, driver: { state: 'ok', detail: '', driverVersion }, cards: findCards(api), close };
  } catch (error) {
    close();
    if (error instanceof NvmlError) return { ...driverFailure(error.code), driverVersion };
    throw error;
  }
}

function load(path: string): NvmlApi | DriverReading {
  try {
    return bindNvml(path === '' ? SYSTEM_LIBRARY : path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const missing = /No such file/i.test(reason);
    const detail = missing
      ? `no NVIDIA driver: ${SYSTEM_LIBRARY} is not installed, or this container was started without GPUs`
      : `the NVIDIA library cannot be used: ${reason}`;
    return { state: 'no_library', detail, driverVersion: null };
  }
}

function readDriverVersion({ driverVersion }: NvmlApi): string | null {
  const text = new Uint8Array(VERSION_BYTES);
  return driverVersion !== null && driverVersion(text, VERSION_BYTES) === SUCCESS ? terminated(text) : null;
}

function findCards(api: NvmlApi): readonly Found[] {
  const count = new Uint32Array(1);
  const code = api.deviceCount(count);
  if (code !== SUCCESS) throw new NvmlError(code);
  return Array.from({ length: count[0] ?? 0 }, (_, index) => find(api, index));
}

function find(api: NvmlApi, index: number): Found {
  const nobody = { index, handle: null, uuid: null, name: null, pciBusId: null };
  const handle = new BigUint64Array(1);
  const code = api.deviceHandle(index, handle);
  if (code !== SUCCESS) return { ...nobody, failure: gpuFailure(code) };
  try {
    const device = handle[0] ?? 0n;
    return { index, handle: device, ...readIdentity(api, device), failure: null };
  } catch (error) {
    if (error instanceof NvmlError && !isDriverGone(error.code)) return { ...nobody, failure: gpuFailure(error.code) };
    throw error;
  }
}
