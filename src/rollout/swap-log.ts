/** Swaps as people see them: every step with its time, the last ones kept, whoever waits told. */
import { FacepoolError } from '../contract/errors.ts';
import type { Swap, SwapRequest, SwapState, SwapStep } from '../contract/rollout.ts';
import { orAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import { ulid } from '../util/ulid.ts';

const KEPT = 200;
const OVER: ReadonlySet<SwapState> = new Set(['done', 'failed', 'rolled_back']);

export function isOver(swap: Pick<Swap, 'state'>): boolean {
  return OVER.has(swap.state);
}

/**
 * How a swap is taken back. `open`: nothing is stable yet. `switched`: the new version is, and the old one ends its
 * requests and can be stable again at once. `ending`: the old one's process ends.
 */
export type SwapPhase = 'open' | 'switched' | 'ending';

/** One swap that is going on. */
export class SwapRecord {
  readonly #clock: Clock;
  readonly #tell: (swap: Swap, seconds: number) => void;
  readonly #startedAt: number;
  phase: SwapPhase = 'open';
  /** The new version may go back by itself. */
  autoRollback: boolean;
  #swap: Swap;

  constructor(swap: Swap, autoRollback: boolean, clock: Clock, tell: (swap: Swap, seconds: number) => void) {
    this.#swap = swap;
    this.autoRollback = autoRollback;
    this.#clock = clock;
    this.#tell = tell;
    this.#startedAt = clock.now();
  }

  get swap(): Swap {
    return this.#swap;
  }

  /** Begins a step; the answer ends it. */
  step(step: SwapStep, detail = ''): (detail?: string) => void {
    const index = this.#swap.steps.length;
    const begun = this.#clock.now();
    const at = this.#clock.date().toISOString();
    this.#change({ steps: [...this.#swap.steps, { step, at, ms: null, detail }] });
    return (more) => {
      const ms = Math.round((this.#clock.now() - begun) * 10) / 10;
      const steps = this.#swap.steps.map((one, i) =>
        i === index && one.ms === null ? { ...one, ms, detail: more ?? one.detail } : one,
      );
      this.#change({ steps });
    };
  }

  /** A step that was measured elsewhere. */
  add(step: SwapStep, ms: number, detail = ''): void {
    const at = this.#clock.date().toISOString();
    this.#change({ steps: [...this.#swap.steps, { step, at, ms: Math.round(ms * 10) / 10, detail }] });
  }

  set(change: Partial<Pick<Swap, 'attempts' | 'gap_ms' | 'percent' | 'strategy'>>): void {
    this.#change(change);
  }

  /** Steps that still run end with it. The first end counts: nothing changes after it. */
  finish(state: SwapState, reason = ''): void {
    const now = this.#clock.date();
    const steps = this.#swap.steps.map((one) =>
      one.ms === null ? { ...one, ms: now.getTime() - Date.parse(one.at), detail: one.detail || 'not finished' } : one,
    );
    this.#change({ state, reason, steps, ended: OVER.has(state) ? now.toISOString() : null });
  }

  #change(change: Partial<Swap>): void {
    if (isOver(this.#swap)) return;
    this.#swap = { ...this.#swap, ...change };
    this.#tell(this.#swap, (this.#clock.now() - this.#startedAt) / 1000);
  }
}

export class SwapLog {
  readonly #clock: Clock;
  readonly #onOver: (swap: Swap, seconds: number) => void;
  readonly #records: SwapRecord[] = [];
  readonly #listeners = new Set<(swap: Swap) => void>();

  /** @param onOver told once of every swap that is over */
  constructor(clock: Clock, onOver: (swap: Swap, seconds: number) => void = () => {}) {
    this.#clock = clock;
    this.#onOver = onOver;
  }

  begin(
    model: string,
    from: string,
    request: Pick<SwapRequest, 'version' | 'strategy' | 'percent'> & Partial<Pick<SwapRequest, 'auto_rollback'>>,
    by: string,
  ): SwapRecord {
    const now = this.#clock.date();
    const swap: Swap = {
      id: ulid(now.getTime()),
      model,
      from,
      to: request.version,
      strategy: request.strategy,
      percent: request.strategy === 'immediate' ? null : request.percent,
      state: 'running',
      reason: '',
      by,
      started: now.toISOString(),
      ended: null,
      attempts: 0,
      gap_ms: null,
      steps: [],
    };
    const record = new SwapRecord(swap, request.auto_rollback ?? true, this.#clock, (changed, seconds) => {
      for (const listener of [...this.#listeners]) listener(changed);
      if (isOver(changed)) this.#onOver(changed, seconds);
    });
    this.#records.push(record);
    // Those that go on are never forgotten.
    const oldest = this.#records.findIndex((one) => isOver(one.swap));
    if (this.#records.length > KEPT && oldest >= 0) this.#records.splice(oldest, 1);
    return record;
  }

  /** Newest first. */
  list(model: string | null): readonly Swap[] {
    const swaps = this.#records.map((record) => record.swap).reverse();
    return model === null ? swaps : swaps.filter((swap) => swap.model === model);
  }

  /** @throws FacepoolError `not_found` */
  find(id: string): Swap {
    const found = this.#records.find((record) => record.swap.id === id);
    if (found === undefined) throw new FacepoolError('not_found', `there is no swap "${id}"`, { param: 'id' });
    return found.swap;
  }

  /** The one that runs or is live. */
  current(model: string): SwapRecord | null {
    return this.#records.findLast(({ swap }) => swap.model === model && !isOver(swap)) ?? null;
  }

  onChange(listener: (swap: Swap) => void): () => void {
    const own = (swap: Swap): void => listener(swap);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Resolves when it is over or live; rejects with the signal's reason. */
  async wait(id: string, signal: AbortSignal): Promise<Swap> {
    const now = this.find(id);
    if (now.state !== 'running') return now;
    const { promise, resolve } = Promise.withResolvers<Swap>();
    const off = this.onChange((swap) => {
      if (swap.id === id && swap.state !== 'running') resolve(swap);
    });
    return orAbort(promise, signal).finally(off);
  }
}
