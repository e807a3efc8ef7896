/** Everything that one handle knows: a card's, or a MIG device's, which knows less. */
import { THROTTLE_REASONS } from '../../src/contract/monitor.ts';
import type { GpuReading, ThrottleReason } from '../../src/contract/monitor.ts';
import type { NvmlApi } from './nvml-api.ts';
import { isUnknownHere } from './nvml-codes.ts';
import {
  CLOCK_MEMORY,
  CLOCK_SM,
  ECC_CORRECTED,
  ECC_UNCORRECTED,
  ECC_VOLATILE,
  LITTLE_ENDIAN,
  PCIE_RX,
  PCIE_TX,
  TEMPERATURE_GPU,
  offsetOf,
  scratch,
  sizeOf,
  versionWord,
} from './nvml-layout.ts';
import { percent, readLong, readText, readWord, terminated, told } from './nvml-values.ts';

export type Identity = Pick<GpuReading, 'uuid' | 'name' | 'pciBusId'>;
export type Throughput = Pick<GpuReading, 'pcieRx' | 'pcieTx'>;
export type Figures = Omit<
  GpuReading,
  keyof Identity | keyof Throughput | 'index' | 'parentUuid' | 'state' | 'detail' | 'migEnabled' | 'processes'
>;

/** Bits of the clocks' event reasons; idle, application clocks and display are no throttling. */
const REASON_BITS: Readonly<Record<ThrottleReason, bigint>> = {
  sw_power_cap: 0x4n,
  hw_slowdown: 0x8n,
  sync_boost: 0x10n,
  sw_thermal: 0x20n,
  hw_thermal: 0x40n,
  hw_power_brake: 0x80n,
};

const at = {
  busId: offsetOf('PciInfo', 'busId'),
  gpu: offsetOf('Utilization', 'gpu'),
  memory: offsetOf('Utilization', 'memory'),
  temperature: offsetOf('Temperature', 'temperature'),
  v1: { total: offsetOf('MemoryV1', 'total'), used: offsetOf('MemoryV1', 'used') },
  v2: {
    total: offsetOf('MemoryV2', 'total'),
    used: offsetOf('MemoryV2', 'used'),
    reserved: offsetOf('MemoryV2', 'reserved'),
  },
};
const MEMORY_V2 = versionWord('MemoryV2', 2);
const TEMPERATURE_V1 = versionWord('Temperature', 1);

const pci = scratch(sizeOf('PciInfo'));
const rates = scratch(sizeOf('Utilization'));
const memory = scratch(sizeOf('MemoryV2'));
const heat = scratch(sizeOf('Temperature'));

export function readIdentity(api: NvmlApi, device: bigint): Identity {
  const hasBus = api.pciInfo !== null && told(api.pciInfo(device, pci.bytes));
  return {
    uuid: readText(api.uuid, device),
    name: readText(api.name, device),
    pciBusId: hasBus ? terminated(pci.bytes.subarray(at.busId)) : null,
  };
}

/** `trouble`: the code with which even the memory was refused, which every card knows; null where all is well. */
export function readFigures(api: NvmlApi, device: bigint): { figures: Figures; trouble: number | null } {
  const busy = api.utilization !== null && told(api.utilization(device, rates.bytes));
  const { trouble, ...held } = readMemory(api, device);
  const figures = {
    gpuUtil: busy ? percent(rates.view.getUint32(at.gpu, LITTLE_ENDIAN)) : null,
    memoryUtil: busy ? percent(rates.view.getUint32(at.memory, LITTLE_ENDIAN)) : null,
    ...held,
    temperature: readTemperature(api, device),
    powerDraw: fromMilli(readWord(api.power, device)),
    powerLimit: fromMilli(readWord(api.powerLimit, device)),
    smClock: readWord(api.clock, device, CLOCK_SM),
    memoryClock: readWord(api.clock, device, CLOCK_MEMORY),
    throttle: reasons(readLong(api.clockReasons, device)),
    eccCorrected: asNumber(readLong(api.ecc, device, ECC_CORRECTED, ECC_VOLATILE)),
    eccUncorrected: asNumber(readLong(api.ecc, device, ECC_UNCORRECTED, ECC_VOLATILE)),
    pcieGeneration: readWord(api.pcieGeneration, device),
    pcieWidth: readWord(api.pcieWidth, device),
  };
  return { figures, trouble };
}

/** Bytes per second, measured by the driver while it waits: about 20 ms for each direction. Its KB are of 1024. */
export function readThroughput(api: NvmlApi, device: bigint): Throughput {
  const bytes = (kb: number | null): number | null => (kb === null ? null : kb * 1024);
  return {
    pcieRx: bytes(readWord(api.pcieThroughput, device, PCIE_RX)),
    pcieTx: bytes(readWord(api.pcieThroughput, device, PCIE_TX)),
  };
}

type Memory = Pick<GpuReading, 'memoryTotal' | 'memoryUsed' | 'memoryReserved'> & { readonly trouble: number | null };

/** v1 counts what the driver keeps for itself as used, hundreds of MB: only where v2 is not known (old drivers, WSL). */
function readMemory(api: NvmlApi, device: bigint): Memory {
  const { v1, v2 } = at;
  const bytes = (offset: number): number => Number(memory.view.getBigUint64(offset, LITTLE_ENDIAN));
  memory.view.setUint32(0, MEMORY_V2, LITTLE_ENDIAN);
  if (api.memoryV2 !== null && told(api.memoryV2(device, memory.bytes))) {
    return {
      memoryTotal: bytes(v2.total),
      memoryUsed: bytes(v2.used),
      memoryReserved: bytes(v2.reserved),
      trouble: null,
    };
  }
  const none = { memoryTotal: null, memoryUsed: null, memoryReserved: null, trouble: null };
  if (api.memoryV1 === null) return none;
  const code = api.memoryV1(device, memory.bytes);
  if (told(code)) return { ...none, memoryTotal: bytes(v1.total), memoryUsed: bytes(v1.used) };
  return { ...none, trouble: isUnknownHere(code) ? null : code };
}

function readTemperature(api: NvmlApi, device: bigint): number | null {
  const plain = readWord(api.temperature, device, TEMPERATURE_GPU);
  if (plain !== null || api.temperatureV === null) return plain;
  heat.bytes.fill(0);
  heat.view.setUint32(0, TEMPERATURE_V1, LITTLE_ENDIAN);
  return told(api.temperatureV(device, heat.bytes)) ? heat.view.getInt32(at.temperature, LITTLE_ENDIAN) : null;
}

function reasons(mask: bigint | null): readonly ThrottleReason[] | null {
  return mask === null ? null : THROTTLE_REASONS.filter((reason) => (mask & REASON_BITS[reason]) !== 0n);
}

function fromMilli(value: number | null): number | null {
  return value === null ? null : value / 1000;
}

function asNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
