/**
 * Pictures that crashed their workers, remembered for a while by the hash of their encoded bytes. A death is charged to the
 * picture and to who died of it (imaging, or one version of a model); after `limit` deaths the picture is refused there
 * at once. While nothing is remembered, no hash is computed.
 */
import { createHash } from 'node:crypto';
import { FacepoolError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import type { Charges } from '../router/dispatcher.ts';
import type { Clock } from '../util/clock.ts';

/** Pictures remembered; the one that was charged longest ago goes first. */
const CAPACITY = 1000;

export type PoisonOptions = {
  /** How long after its last charge a picture is remembered; 0: not at all. */
  readonly ttlMs: number;
  /** Deaths after which it is refused. */
  readonly limit: number;
  readonly clock: Clock;
};

/** Per culprit the deaths, each once: several calls of one picture, or of two equal ones, may have been running at it. */
type Entry = { readonly deaths: Map<string, Set<object>>; until: number };

/** One picture in one request. */
export type Trial = {
  /** Throws `poison_input` when the picture is known to crash one of these. */
  readonly check: (culprits: readonly string[]) => void;
  /** The charges against the picture where `culprit` runs it; one object per culprit. */
  readonly of: (culprit: string) => Charges;
  /** The request was answered: what it had been charged with, where it ran, was not its doing. */
  readonly acquit: () => void;
};

/** By the settings as they are at each use: a reload may change them. */
export function poisonMemory(settings: Pick<Settings, 'workers'>, clock: Clock): PoisonMemory {
  return new PoisonMemory({
    get ttlMs() {
      return settings.workers.poison_ttl_ms;
    },
    get limit() {
      return settings.workers.max_attempts;
    },
    clock,
  });
}

export class PoisonMemory {
  readonly #options: PoisonOptions;
  /** By hash; the least recently charged first. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: PoisonOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  trial(bytes: Uint8Array): Trial {
    const charges = new Map<string, Charges>();
    let hashed: string | null = null;
    const hash = (): string => (hashed ??= createHash('sha256').update(bytes).digest('base64'));
    const known = (): Entry | undefined => (this.#entries.size === 0 ? undefined : this.#find(hash()));
    return {
      check: (culprits) => {
        const deaths = known()?.deaths;
        const culprit = culprits.find((name) => (deaths?.get(name)?.size ?? 0) >= this.#options.limit);
        if (culprit === undefined) return;
        throw new FacepoolError('poison_input', `this picture has ended ${culprit} ${this.#options.limit} times`);
      },
      of: (culprit) => {
        const before = charges.get(culprit);
        if (before !== undefined) return before;
        const made: Charges = {
          count: known()?.deaths.get(culprit)?.size ?? 0,
          onCharged: (death) => this.#charge(hash(), culprit, death),
        };
        charges.set(culprit, made);
        return made;
      },
      acquit: () => {
        const deaths = known()?.deaths;
        if (deaths === undefined) return;
        for (const culprit of charges.keys()) deaths.delete(culprit);
        if (deaths.size === 0) this.#entries.delete(hash());
      },
    };
  }

  #find(hash: string): Entry | undefined {
    const entry = this.#entries.get(hash);
    if (entry === undefined || entry.until > this.#options.clock.now()) return entry;
    this.#entries.delete(hash);
    return undefined;
  }

  #charge(hash: string, culprit: string, death: object): void {
    const { ttlMs, clock } = this.#options;
    if (ttlMs === 0) return;
    const deaths = this.#find(hash)?.deaths ?? new Map<string, Set<object>>();
    deaths.set(culprit, (deaths.get(culprit) ?? new Set<object>()).add(death));
    this.#entries.delete(hash);
    this.#entries.set(hash, { deaths, until: clock.now() + ttlMs });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > CAPACITY && oldest.done !== true) this.#entries.delete(oldest.value);
  }
}
