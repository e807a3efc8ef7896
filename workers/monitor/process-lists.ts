/** Which processes are on a card, what they hold, and how much of its time they used. */
import type { GpuProcess } from '../../src/contract/monitor.ts';
import type { NvmlApi, NvmlCall, ProcessCall } from './nvml-api.ts';
import { INSUFFICIENT_SIZE, NOT_FOUND } from './nvml-codes.ts';
import { LITTLE_ENDIAN, NOT_AVAILABLE, offsetOf, scratch, sizeOf } from './nvml-layout.ts';
import type { Scratch } from './nvml-layout.ts';
import { percent, told } from './nvml-values.ts';

/** Processes that the first question has room for; more, and it is asked again. */
const FIRST_ROOM = 64;
/** Between the two questions there may be more. */
const SPARE = 16;
const ATTEMPTS = 3;
/** Some drivers 535 write 32 bytes per process: there is always room for that, whatever is read. */
const LARGEST_INFO = 32;

const PID = offsetOf('ProcessInfo', 'pid');
const USED_MEMORY = offsetOf('ProcessInfo', 'usedGpuMemory');

/** Asking for the size first is not reliable (go-nvml#11). */
const SAMPLES = 100;
const SAMPLE = {
  size: sizeOf('ProcessSample'),
  pid: offsetOf('ProcessSample', 'pid'),
  at: offsetOf('ProcessSample', 'timeStamp'),
  sm: offsetOf('ProcessSample', 'smUtil'),
};
/** Cards take a sample every 1/6 to 1 s: so far back there is one, and not much of what is over. Microseconds. */
const WINDOW_US = 1_500_000;

/** Drivers whose `_v3` writes a longer struct than every other driver's (nvitop#79). */
const LONGER_V3 = /^535\.(?:43|54|86)\./;

export type ProcessLists = {
  /**
   * @param wallMs milliseconds since 1970, which the driver's own samples are dated by
   * @returns null where no list can be had
   */
  read(device: bigint, wallMs: number): readonly GpuProcess[] | null;
};

export function createProcessLists(api: NvmlApi, driverVersion: string | null): ProcessLists {
  const lists = api.processes.flatMap((call) => chosen(call, driverVersion));
  const samples = scratch(SAMPLES * SAMPLE.size);
  const count = new Uint32Array(1);
  let room: Scratch = scratch(FIRST_ROOM * LARGEST_INFO);

  const list = (call: NvmlCall, device: bigint): number | null => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      count[0] = room.bytes.length / LARGEST_INFO;
      const code = call(device, count, room.bytes);
      const found = count[0] ?? 0;
      if (code !== INSUFFICIENT_SIZE) return told(code) ? found : null;
      room = scratch((found + SPARE) * LARGEST_INFO);
    }
    return null;
  };

  /** Pid → percent; null where the card cannot say. */
  const utilisation = (device: bigint, wallMs: number): ReadonlyMap<number, number | null> | null => {
    if (api.processSamples === null) return null;
    count[0] = SAMPLES;
    const code = api.processSamples(device, samples.bytes, count, BigInt(Math.round(wallMs * 1000) - WINDOW_US));
    // An idle card has no samples.
    if (code === NOT_FOUND) return new Map();
    if (!told(code)) return null;
    const newest = new Map<number, bigint>();
    const used = new Map<number, number | null>();
    for (let i = 0; i < Math.min(count[0] ?? 0, SAMPLES); i++) {
      const pid = samples.view.getUint32(i * SAMPLE.size + SAMPLE.pid, LITTLE_ENDIAN);
      const at = samples.view.getBigUint64(i * SAMPLE.size + SAMPLE.at, LITTLE_ENDIAN);
      if (at <= (newest.get(pid) ?? 0n)) continue;
      newest.set(pid, at);
      used.set(pid, percent(samples.view.getUint32(i * SAMPLE.size + SAMPLE.sm, LITTLE_ENDIAN)));
    }
    return used;
  };

  return {
    read(device, wallMs) {
      const memory = new Map<number, number | null>();
      let answered = false;
      for (const { call, stride } of lists) {
        const found = list(call, device);
        if (found === null) continue;
        answered = true;
        for (let i = 0; i < found; i++) {
          const pid = room.view.getUint32(i * stride + PID, LITTLE_ENDIAN);
          const bytes = room.view.getBigUint64(i * stride + USED_MEMORY, LITTLE_ENDIAN);
          // A program that draws and computes is in two lists, with the same figure.
          const known = memory.get(pid) ?? null;
          memory.set(pid, bytes === NOT_AVAILABLE ? known : Math.max(known ?? 0, Number(bytes)));
        }
      }
      if (!answered) return null;
      if (memory.size === 0) return [];
      const used = utilisation(device, wallMs);
      // The card counts only who used it: who is not in an answer used nothing.
      return [...memory].map(([pid, memoryBytes]) => {
        return { pid, memoryBytes, smUtil: used === null ? null : used.has(pid) ? (used.get(pid) ?? null) : 0 };
      });
    },
  };
}

/** The newest age of a call that this driver has, and how far its entries are apart. */
function chosen({ v3, v2, v1 }: ProcessCall, driverVersion: string | null): { call: NvmlCall; stride: number }[] {
  const newest = v3 !== null && !LONGER_V3.test(driverVersion ?? '') ? v3 : v2;
  if (newest !== null) return [{ call: newest, stride: sizeOf('ProcessInfo') }];
  return v1 === null ? [] : [{ call: v1, stride: sizeOf('ProcessInfoV1') }];
}
