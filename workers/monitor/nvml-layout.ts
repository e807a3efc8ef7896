/** Structs and numbers of nvml.h 13. Sizes and offsets are compared with a C compiler's in the tests. */
import koffi from 'koffi';

export const LAYOUT = {
  PciInfo: koffi.struct({
    busIdLegacy: koffi.array('char', 16),
    domain: 'uint32_t',
    bus: 'uint32_t',
    device: 'uint32_t',
    pciDeviceId: 'uint32_t',
    pciSubSystemId: 'uint32_t',
    busId: koffi.array('char', 32),
  }),
  Utilization: koffi.struct({ gpu: 'uint32_t', memory: 'uint32_t' }),
  MemoryV1: koffi.struct({ total: 'uint64_t', free: 'uint64_t', used: 'uint64_t' }),
  MemoryV2: koffi.struct({
    version: 'uint32_t',
    total: 'uint64_t',
    reserved: 'uint64_t',
    free: 'uint64_t',
    used: 'uint64_t',
  }),
  Temperature: koffi.struct({ version: 'uint32_t', sensorType: 'uint32_t', temperature: 'int32_t' }),
  ProcessInfoV1: koffi.struct({ pid: 'uint32_t', usedGpuMemory: 'uint64_t' }),
  /** Of the calls `_v2` and `_v3`. */
  ProcessInfo: koffi.struct({
    pid: 'uint32_t',
    usedGpuMemory: 'uint64_t',
    gpuInstanceId: 'uint32_t',
    computeInstanceId: 'uint32_t',
  }),
  ProcessSample: koffi.struct({
    pid: 'uint32_t',
    timeStamp: 'uint64_t',
    smUtil: 'uint32_t',
    memUtil: 'uint32_t',
    encUtil: 'uint32_t',
    decUtil: 'uint32_t',
  }),
  EventData: koffi.struct({
    device: 'void *',
    eventType: 'uint64_t',
    eventData: 'uint64_t',
    gpuInstanceId: 'uint32_t',
    computeInstanceId: 'uint32_t',
  }),
} as const;
export type StructName = keyof typeof LAYOUT;

export function sizeOf(name: StructName): number {
  return koffi.sizeof(LAYOUT[name]);
}

export function offsetOf(name: StructName, member: string): number {
  return koffi.offsetof(LAYOUT[name], member);
}

/** What a versioned struct must begin with, or NVML refuses it. */
export function versionWord(name: StructName, version: number): number {
  return sizeOf(name) | (version << 24);
}

/** Memory that a driver writes to, with the view that reads it. Reused: decoding objects would cost ten times as much. */
export type Scratch = { readonly bytes: Uint8Array; readonly view: DataView };

export function scratch(bytes: number): Scratch {
  const memory = new ArrayBuffer(bytes);
  return { bytes: new Uint8Array(memory), view: new DataView(memory) };
}

/** NVML's way to say that a 64-bit value is not to be known (WDDM, vGPU, no permission). */
export const NOT_AVAILABLE = 2n ** 64n - 1n;

/** All machines that NVIDIA has drivers for are little-endian. */
export const LITTLE_ENDIAN = true;

export const TEMPERATURE_GPU = 0;
export const CLOCK_SM = 1;
export const CLOCK_MEMORY = 2;
export const ECC_CORRECTED = 0;
export const ECC_UNCORRECTED = 1;
/** Since the driver was loaded; `aggregate` would be of the card's whole life. */
export const ECC_VOLATILE = 0;
export const PCIE_TX = 0;
export const PCIE_RX = 1;
export const EVENT_XID = 0x8n;
export const EVENT_GPU_UNAVAILABLE = 0x4000n;
export const EVENT_RECOVERY_ACTION = 0x8000n;
