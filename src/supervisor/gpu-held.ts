/**
 * What a model's process holds of its card: what the driver's process list says, else (in a container whose process
 * numbers the driver does not know) by how much the card's use grew while the model was loaded.
 */
import type { GpuReading, MonitorSample } from '../contract/monitor.ts';
import { findGpu, gpuId } from './gpu-devices.ts';
import { heldOnGpu } from './observe.ts';

type Growth = {
  readonly gpu: string;
  /** Used when the load began; null when somebody else was loading on the card meanwhile, so nobody can say. */
  usedBefore: number | null;
  /** Milliseconds since 1970; null while it loads. */
  readyAt: number | null;
  grown: number | null;
};

export class GpuHeld {
  readonly #sample: () => MonitorSample | null;
  readonly #growth = new Map<string, Growth>();

  /** `sample`: the last one, or null where it is too old. */
  constructor(sample: () => MonitorSample | null) {
    this.#sample = sample;
  }

  /** A process of the model begins to load. */
  loading(name: string, device: string): void {
    const gpu = this.#gpu(device);
    if (gpu === undefined) return;
    const id = gpuId(gpu);
    const others = [...this.#growth.values()].filter((other) => other.gpu === id && other.readyAt === null);
    for (const other of others) other.usedBefore = null;
    const usedBefore = others.length > 0 ? null : gpu.memoryUsed;
    this.#growth.set(name, { gpu: id, usedBefore, readyAt: null, grown: null });
  }

  ready(name: string, at: number): void {
    const growth = this.#growth.get(name);
    if (growth !== undefined) growth.readyAt = at;
  }

  ended(name: string): void {
    this.#growth.delete(name);
  }

  /** Bytes, or null where nobody can say. */
  held(name: string, device: string, pid: number): number | null {
    const sample = this.#sample();
    if (sample === null) return null;
    const listed = heldOnGpu(device, pid, sample.gpus);
    return listed ?? this.#grown(name, sample);
  }

  /** True when the driver no longer lists the process, or cannot say; a look from before `since` says nothing. */
  isGone(device: string, pid: number, since: number): boolean {
    const sample = this.#sample();
    const gpu = this.#gpu(device);
    if (sample === null || gpu === undefined) return true;
    return sample.at > since && gpu.processes?.some((process) => process.pid === pid) !== true;
  }

  #grown(name: string, sample: MonitorSample): number | null {
    const growth = this.#growth.get(name);
    if (growth === undefined || growth.readyAt === null) return null;
    const used = sample.gpus.find((gpu) => gpuId(gpu) === growth.gpu)?.memoryUsed ?? null;
    if (growth.grown === null && sample.at > growth.readyAt && growth.usedBefore !== null && used !== null) {
      growth.grown = Math.max(0, used - growth.usedBefore);
    }
    return growth.grown === 0 ? null : growth.grown;
  }

  #gpu(device: string): GpuReading | undefined {
    return findGpu(device, this.#sample()?.gpus ?? []);
  }
}
