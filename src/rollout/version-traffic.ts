/**
 * Which version serves whom, and how each does. The shape of `Traffic` in src/router: aliases decide, a canary that is not
 * ready serves nobody, and a request holds its versions until it ends.
 */
import type { InferOutput } from '../contract/protocol.ts';
import type { AliasState } from '../contract/rollout.ts';
import type { Clock } from '../util/clock.ts';
import { type Outcome, OutcomeWindow } from './judge.ts';
import type { RolloutPorts } from './ports.ts';
import type { ShadowStats } from './shadow-stats.ts';
import { isChosen } from './split.ts';

export type VersionTrafficDeps = {
  readonly clock: Clock;
  readonly windowMs: number;
  readonly ports: Pick<RolloutPorts, 'entryOf' | 'state'>;
  /** Null for a name that is no model. */
  readonly aliases: (model: string) => AliasState | null;
  /** Null for a model without a shadow. */
  readonly stats: (model: string) => ShadowStats | null;
};

export type ShadowCopy = {
  readonly entry: string;
  readonly compared: (stable: InferOutput, copy: InferOutput | null, ms: number | null) => void;
  readonly dropped: () => void;
};

export class VersionTraffic {
  readonly #deps: VersionTrafficDeps;
  readonly #held = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #windows = new Map<string, OutcomeWindow>();
  /** Model → entry that everybody waits for, whatever the aliases say. */
  readonly #diverted = new Map<string, string>();

  constructor(deps: VersionTrafficDeps) {
    this.#deps = deps;
  }

  /** `only`: for what outlives a trial. */
  choose(
    model: string,
    client: string,
    only?: 'stable',
  ): { readonly entry: string; readonly alias: 'stable' | 'canary' } {
    const { aliases, ports } = this.#deps;
    const state = aliases(model);
    if (state === null) return { entry: model, alias: 'stable' };
    const diverted = this.#diverted.get(model);
    if (diverted !== undefined) return { entry: diverted, alias: 'stable' };
    const { canary } = state;
    if (canary !== null && only === undefined && isChosen(model, client, canary.percent)) {
      const entry = ports.entryOf(model, canary.version);
      if (entry !== null && ports.state(entry).isReady) return { entry, alias: 'canary' };
    }
    return { entry: ports.entryOf(model, state.stable) ?? model, alias: 'stable' };
  }

  /** From now on everybody waits for this entry; the answer ends that. */
  divert(model: string, entry: string): () => void {
    this.#diverted.set(model, entry);
    return () => this.#diverted.delete(model);
  }

  hold(entry: string): () => void {
    this.#held.set(entry, (this.#held.get(entry) ?? 0) + 1);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      const left = (this.#held.get(entry) ?? 1) - 1;
      if (left > 0) {
        this.#held.set(entry, left);
        return;
      }
      this.#held.delete(entry);
      for (const resolve of this.#waiting.get(entry) ?? []) resolve();
      this.#waiting.delete(entry);
    };
  }

  /** Null where this run of the stable version is not to be copied. */
  shadow(model: string, client: string): ShadowCopy | null {
    const { aliases, ports, stats } = this.#deps;
    const shadow = aliases(model)?.shadow ?? null;
    const entry = shadow === null ? null : ports.entryOf(model, shadow.version);
    const kept = stats(model);
    if (shadow === null || entry === null || kept === null) return null;
    // Not the clients of a canary: another name, another choice.
    if (!isChosen(`${model} shadow`, client, shadow.percent)) return null;
    return {
      entry,
      compared: (stable, copy, ms) => {
        kept.add(stable, copy);
        this.onOutcome(entry, { ok: copy !== null, ms: ms ?? 0 });
      },
      dropped: () => kept.dropped(),
    };
  }

  /** Requests that work with the entry. */
  held(entry: string): number {
    return this.#held.get(entry) ?? 0;
  }

  /** Resolves when no request works with the entry; false when some still do after so long. */
  async drained(entry: string, maxMs: number): Promise<boolean> {
    if (this.held(entry) === 0) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.set(entry, [...(this.#waiting.get(entry) ?? []), () => resolve(true)]);
    const cancel = this.#deps.clock.after(maxMs, () => resolve(false));
    return promise.finally(cancel);
  }

  onOutcome(entry: string, { ok, ms }: { readonly ok: boolean; readonly ms: number }): void {
    let window = this.#windows.get(entry);
    if (window === undefined) this.#windows.set(entry, (window = new OutcomeWindow(this.#deps.windowMs)));
    window.add({ at: this.#deps.clock.now(), ok, ms });
  }

  /** Of the last window. */
  outcomes(entry: string): readonly Outcome[] {
    return this.#windows.get(entry)?.within(this.#deps.clock.now()) ?? [];
  }

  /** A version that begins anew is judged by nothing that it did before. */
  forget(entry: string): void {
    this.#windows.delete(entry);
  }
}
