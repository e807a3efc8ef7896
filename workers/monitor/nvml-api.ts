/** The functions of libnvidia-ml that are used, bound by koffi. What an old driver does not have is null. */
import koffi from 'koffi';

/** Handles are pointers; what a driver writes goes to typed arrays. */
export type NvmlArgument = bigint | number | Uint8Array | Uint32Array | BigUint64Array;
/** Returns NVML's code. */
export type NvmlCall = (...args: NvmlArgument[]) => number;
/** On a thread of libuv's pool; `done` runs in the event loop. */
export type NvmlWait = {
  async(set: bigint, data: Uint8Array, milliseconds: number, done: (error: unknown, code: number) => void): void;
};

/** Without these there is nothing to ask. */
const NEEDED = {
  init: 'int nvmlInit_v2()',
  shutdown: 'int nvmlShutdown()',
  deviceCount: 'int nvmlDeviceGetCount_v2(void *count)',
  deviceHandle: 'int nvmlDeviceGetHandleByIndex_v2(uint32_t index, void *handle)',
} as const;

/** The first of each that the library has. */
const OPTIONAL = {
  driverVersion: ['int nvmlSystemGetDriverVersion(void *text, uint32_t length)'],
  name: ['int nvmlDeviceGetName(void *device, void *text, uint32_t length)'],
  uuid: ['int nvmlDeviceGetUUID(void *device, void *text, uint32_t length)'],
  pciInfo: ['int nvmlDeviceGetPciInfo_v3(void *device, void *info)'],
  utilization: ['int nvmlDeviceGetUtilizationRates(void *device, void *rates)'],
  memoryV2: ['int nvmlDeviceGetMemoryInfo_v2(void *device, void *memory)'],
  memoryV1: ['int nvmlDeviceGetMemoryInfo(void *device, void *memory)'],
  temperature: ['int nvmlDeviceGetTemperature(void *device, int sensor, void *value)'],
  /** NVML 13 calls the one above deprecated. */
  temperatureV: ['int nvmlDeviceGetTemperatureV(void *device, void *temperature)'],
  power: ['int nvmlDeviceGetPowerUsage(void *device, void *value)'],
  powerLimit: [
    'int nvmlDeviceGetEnforcedPowerLimit(void *device, void *value)',
    'int nvmlDeviceGetPowerManagementLimit(void *device, void *value)',
  ],
  clock: ['int nvmlDeviceGetClockInfo(void *device, int type, void *value)'],
  clockReasons: [
    'int nvmlDeviceGetCurrentClocksEventReasons(void *device, void *mask)',
    'int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, void *mask)',
  ],
  ecc: ['int nvmlDeviceGetTotalEccErrors(void *device, int type, int counter, void *value)'],
  pcieGeneration: ['int nvmlDeviceGetCurrPcieLinkGeneration(void *device, void *value)'],
  pcieWidth: ['int nvmlDeviceGetCurrPcieLinkWidth(void *device, void *value)'],
  pcieThroughput: ['int nvmlDeviceGetPcieThroughput(void *device, int counter, void *value)'],
  processSamples: ['int nvmlDeviceGetProcessUtilization(void *device, void *samples, void *count, uint64_t since)'],
  migMode: ['int nvmlDeviceGetMigMode(void *device, void *current, void *pending)'],
  migCount: ['int nvmlDeviceGetMaxMigDeviceCount(void *device, void *count)'],
  migHandle: ['int nvmlDeviceGetMigDeviceHandleByIndex(void *device, uint32_t index, void *handle)'],
  eventTypes: ['int nvmlDeviceGetSupportedEventTypes(void *device, void *mask)'],
  eventSetCreate: ['int nvmlEventSetCreate(void *set)'],
  eventSetFree: ['int nvmlEventSetFree(void *set)'],
  registerEvents: ['int nvmlDeviceRegisterEvents(void *device, uint64_t mask, void *set)'],
} as const;

/** The same call in its ages; `v2` and `v3` write the longer struct. */
const PROCESS_CALLS = [
  'nvmlDeviceGetComputeRunningProcesses',
  'nvmlDeviceGetGraphicsRunningProcesses',
  'nvmlDeviceGetMPSComputeRunningProcesses',
];
export type ProcessCall = {
  readonly v3: NvmlCall | null;
  readonly v2: NvmlCall | null;
  readonly v1: NvmlCall | null;
};

export type NvmlApi = { readonly [K in keyof typeof NEEDED]: NvmlCall } & {
  readonly [K in keyof typeof OPTIONAL]: NvmlCall | null;
} & {
  readonly processes: readonly ProcessCall[];
  readonly eventWait: NvmlWait | null;
  /** Ends the use of the library, so that a new one can be loaded in its place. */
  readonly unload: () => void;
};

export const SYSTEM_LIBRARY = 'libnvidia-ml.so.1';

/** @throws where the library cannot be loaded, or is none of NVML */
export function bindNvml(path: string): NvmlApi {
  const library = koffi.load(path);
  const find = (declarations: readonly string[]): NvmlCall | null => {
    for (const declaration of declarations) {
      try {
        return library.func(declaration);
      } catch {
        // Not in this driver.
      }
    }
    return null;
  };
  const wait = (name: string): NvmlWait | null => {
    try {
      return library.func(`int ${name}(void *set, void *data, uint32_t milliseconds)`);
    } catch {
      return null;
    }
  };
  const withDevice = (name: string): NvmlCall | null =>
    find([`int ${name}(void *device, void *count, void *processes)`]);
  return {
    ...mapValues(NEEDED, (declaration): NvmlCall => library.func(declaration)),
    ...mapValues(OPTIONAL, find),
    processes: PROCESS_CALLS.map((name) => ({
      v3: withDevice(`${name}_v3`),
      v2: withDevice(`${name}_v2`),
      v1: withDevice(name),
    })),
    eventWait: wait('nvmlEventSetWait_v2') ?? wait('nvmlEventSetWait'),
    unload: () => library.unload(),
  };
}

function mapValues<K extends string, A, B>(record: Readonly<Record<K, A>>, change: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, change(value)])) as Record<K, B>;
}
