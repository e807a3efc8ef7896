/** NVML opened: its cards as they were found. */
import type { DriverReading } from '../../src/contract/monitor.ts';
import { readIdentity } from './device-reader.ts';
import type { Identity } from './device-reader.ts';
import { SYSTEM_LIBRARY, bindNvml } from './nvml-api.ts';
import type { NvmlApi } from './nvml-api.ts';
import { LIB_RM_VERSION_MISMATCH, NvmlError, SUCCESS, driverFailure, gpuFailure, isDriverGone } from './nvml-codes.ts';
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

/**
 * Opens NVML, as often as it is asked to.
 * @param path '' is the system's library
 */
export function createOpener(path: string): () => NvmlSession | DriverReading {
  let bound: NvmlApi | null = null;
  /** A driver that was changed put another library in the place of this one: the next time, that is loaded. */
  const failed = (code: number, driverVersion: string | null): DriverReading => {
    if (code === LIB_RM_VERSION_MISMATCH) {
      bound?.unload();
      bound = null;
    }
    return { ...driverFailure(code), driverVersion };
  };
  return () => {
    if (bound === null) {
      const loaded = load(path);
      if ('state' in loaded) return loaded;
      bound = loaded;
    }
    const api = bound;
    const code = api.init();
    // Without a successful init there is nothing to shut down.
    if (code !== SUCCESS) return failed(code, null);
    const driverVersion = readDriverVersion(api);
    const close = (): void => void api.shutdown();
    try {
      return { api, driver: { state: 'ok', detail: '', driverVersion }, cards: findCards(api), close };
    } catch (error) {
      close();
      if (error instanceof NvmlError) return failed(error.code, driverVersion);
      throw error;
    }
  };
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
