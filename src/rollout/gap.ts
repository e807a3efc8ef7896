/**
 * Two versions that do not fit beside each other: the old one goes first, while requests wait for the new one. The aliases
 * move only when the new one is proven, so that a server that dies meanwhile comes back to the old one.
 */
import type { Settings } from '../contract/settings.ts';
import { orAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import type { RolloutPorts } from './ports.ts';
import type { SwapRecord } from './swap-log.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type GapDeps = {
  readonly ports: Pick<RolloutPorts, 'obtain' | 'stop' | 'load' | 'makeStable'>;
  readonly traffic: Pick<VersionTraffic, 'divert' | 'drained' | 'held'>;
  readonly clock: Clock;
  readonly settings: Settings;
};

export class Gap {
  readonly #deps: GapDeps;
  readonly #old: string;
  readonly #next: string;
  #endDiversion = (): void => {};
  #openedAt = 0;
  #isOpen = false;

  /** `old` and `next` are entries. */
  constructor(deps: GapDeps, old: string, next: string) {
    this.#deps = deps;
    this.#old = old;
    this.#next = next;
  }

  /** Resolves when the old version's memory is back; rejects with the signal's reason, and has to be undone then. */
  async open(model: string, record: SwapRecord, signal: AbortSignal): Promise<void> {
    const { ports, traffic, clock, settings } = this.#deps;
    // What can be done while the old version serves is done before.
    const obtain = record.step('stage', 'its graphs are made ready');
    await ports.obtain(model, record.swap.to, signal);
    obtain();
    this.#isOpen = true;
    this.#openedAt = clock.now();
    this.#endDiversion = traffic.divert(model, this.#next);
    const drain = record.step('drain', `requests wait from here on; ${traffic.held(this.#old)} still run`);
    await orAbort(traffic.drained(this.#old, settings.limits.max_timeout_ms), signal);
    drain();
    const stop = record.step('stop');
    await ports.stop(this.#old, 'gives its memory to another version');
    stop();
  }

  /** The new version serves, and the aliases say so. */
  close(record: SwapRecord): void {
    record.set({ gap_ms: this.#deps.clock.now() - this.#openedAt });
    this.#endDiversion();
  }

  /** The old version serves again. Who waits for the new one is refused with it; who comes now waits for the old one. */
  async undo(): Promise<void> {
    const { ports } = this.#deps;
    if (!this.#isOpen) return;
    this.#endDiversion();
    ports.makeStable(this.#old);
    await ports.stop(this.#next, 'did not start');
    // Its requests wait for this; a failure is theirs to tell.
    await ports.load(this.#old, new AbortController().signal, () => {}).catch(() => {});
  }
}
