/** Tells the memory scheduler, once per `memory.sample_ms`, what workers and devices really hold. */
import type { MonitorSample } from '../contract/monitor.ts';
import type { Settings } from '../contract/settings.ts';
import { readHostMemory } from '../gpu/memory-probe.ts';
import type { DeviceReading } from '../gpu/memory-probe.ts';
import type { Clock } from '../util/clock.ts';
import { CPU, findGpu } from './gpu-devices.ts';
import type { Residency } from './residency.ts';

/** What is needed of a model. */
export type SampledModel = {
  readonly name: string;
  readonly device: string;
  readonly isReady: () => boolean;
  /** Bytes on its device; null when it has no process or nobody can say. */
  readonly heldBytes: () => number | null;
  /** What the scheduler keeps for it. */
  readonly reservedBytes: () => number;
};

export type MemorySamplerDeps = {
  readonly settings: Settings['memory'];
  readonly clock: Clock;
  readonly residency: Pick<Residency, 'measured' | 'device'>;
  readonly models: () => readonly SampledModel[];
  /** The monitor's last sample; null when it is too old. */
  readonly gpus: () => MonitorSample | null;
  readonly host?: (() => DeviceReading | null) | undefined;
};

export class MemorySampler {
  readonly #deps: MemorySamplerDeps;
  #cancel: () => void = () => {};

  constructor(deps: MemorySamplerDeps) {
    this.#deps = deps;
  }

  /** Samples at once, so that the first load knows what there is. */
  start(): void {
    this.sample();
    this.#cancel = this.#deps.clock.after(this.#deps.settings.sample_ms, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  sample(): void {
    const { residency } = this.#deps;
    const models = this.#deps.models();
    for (const model of models) if (model.isReady()) residency.measured(model.name);
    for (const device of new Set(models.map((model) => model.device))) {
      const reading = this.#read(device);
      if (reading === null) continue;
      const on = models.filter((model) => model.device === device);
      // What cannot be measured counts as what it was given: better than as a stranger's.
      const ours = on.reduce((sum, model) => sum + (model.heldBytes() ?? unmeasured(model)), 0);
      residency.device(device, reading.totalBytes, Math.max(0, reading.usedBytes - ours));
    }
  }

  /** Imaging and the supervisor are outside the CPU's budget: they count as others. */
  #read(device: string): DeviceReading | null {
    if (device === CPU) return (this.#deps.host ?? readHostMemory)();
    const gpu = findGpu(device, this.#deps.gpus()?.gpus ?? []);
    if (gpu === undefined || gpu.memoryTotal === null || gpu.memoryUsed === null) return null;
    return { totalBytes: gpu.memoryTotal - (gpu.memoryReserved ?? 0), usedBytes: gpu.memoryUsed };
  }
}

function unmeasured(model: SampledModel): number {
  return model.device !== CPU && model.isReady() ? model.reservedBytes() : 0;
}
