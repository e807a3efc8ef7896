/** Tells the memory scheduler, once per `memory.sample_ms`, what workers and devices really hold. */
import type { Settings } from '../contract/settings.ts';
import { readHostMemory } from '../gpu/memory-probe.ts';
import type { DeviceReading } from '../gpu/memory-probe.ts';
import type { Clock } from '../util/clock.ts';
import { heldBytes } from './create-residency.ts';
import type { ModelEntry } from './model-entry.ts';
import type { Residency } from './residency.ts';

export class MemorySampler {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #residency: Residency;
  readonly #entries: readonly ModelEntry[];
  readonly #probe: () => DeviceReading | null;
  #cancel: () => void = () => {};

  constructor(
    settings: Settings,
    clock: Clock,
    residency: Residency,
    entries: readonly ModelEntry[],
    probe: () => DeviceReading | null = readHostMemory,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#residency = residency;
    this.#entries = entries;
    this.#probe = probe;
  }

  /** Samples at once, so that the first load knows what there is. */
  start(): void {
    this.sample();
    this.#cancel = this.#clock.after(this.#settings.memory.sample_ms, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  sample(): void {
    let ours = 0;
    for (const entry of this.#entries) {
      ours += heldBytes(entry, entry.device) ?? 0;
      if (entry.process.readyChild !== null) this.#residency.measured(entry.name);
    }
    const reading = this.#probe();
    // Imaging and the supervisor are outside the budget: they count as others.
    if (reading !== null && this.#entries.some((e) => e.device === 'cpu')) {
      this.#residency.device('cpu', reading.totalBytes, Math.max(0, reading.usedBytes - ours));
    }
  }
}
