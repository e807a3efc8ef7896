/** Versions on their way out: they end the requests that they have begun, then their process ends, and they are forgotten. */
import type { Settings } from '../contract/settings.ts';
import type { AliasStore } from './alias-store.ts';
import type { RolloutPorts } from './ports.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type LeavingDeps = {
  readonly ports: Pick<RolloutPorts, 'entries' | 'entryOf' | 'state' | 'stop' | 'remove' | 'keepWarm'>;
  readonly traffic: Pick<VersionTraffic, 'drained' | 'forget' | 'held'>;
  readonly aliases: Pick<AliasStore, 'state'>;
  /** Read at each use. */
  readonly settings: Settings;
  /** Told of what nobody waits for. */
  readonly onTrouble: (what: string, error: unknown) => void;
};

type Going = { isRecalled: boolean; isStopping: boolean; readonly recall: () => void; readonly done: Promise<void> };

export class Leaving {
  readonly #deps: LeavingDeps;
  readonly #going = new Map<string, Going>();

  constructor(deps: LeavingDeps) {
    this.#deps = deps;
  }

  /** A version that is not to serve. What is stable stays; what a rollback goes back to stays as warm as it was. */
  async discard(model: string, entry: string, reason: string): Promise<void> {
    const { ports, aliases, settings } = this.#deps;
    const { stable, previous } = aliases.state(model);
    if (ports.entryOf(model, stable) === entry) return;
    if (previous !== null && ports.entryOf(model, previous) === entry && ports.state(entry).isReady) {
      ports.keepWarm(entry, settings.rollout.keep_warm_ms);
      return;
    }
    await this.end(entry, reason);
  }

  /** The same; nobody waits for it. */
  discardLater(model: string, entry: string, reason: string): void {
    this.discard(model, entry, reason).catch((error: unknown) => {
      this.#deps.onTrouble(`${entry} could not be ended`, error);
    });
  }

  /** Resolves when it is gone, or was recalled. */
  end(entry: string, reason: string): Promise<void> {
    const before = this.#going.get(entry);
    if (before !== undefined) return before.done;
    const { promise: recalled, resolve: recall } = Promise.withResolvers<boolean>();
    const leave = async (): Promise<void> => {
      const { ports, traffic, settings } = this.#deps;
      // Requests that it has begun it also ends.
      await Promise.race([traffic.drained(entry, settings.limits.max_timeout_ms), recalled]);
      if (going.isRecalled) return;
      going.isStopping = true;
      await ports.stop(entry, reason);
      ports.remove(entry);
      traffic.forget(entry);
    };
    const going: Going = {
      isRecalled: false,
      isStopping: false,
      recall: () => recall(true),
      done: Promise.resolve()
        .then(leave)
        .finally(() => {
          if (this.#going.get(entry) === going) this.#going.delete(entry);
        }),
    };
    this.#going.set(entry, going);
    return going.done;
  }

  /** Somebody wants it again: it stays where its process has not been told to end; otherwise waits until it is gone. */
  async recall(entry: string): Promise<void> {
    const going = this.#going.get(entry);
    if (going === undefined) return;
    if (going.isStopping) {
      await going.done.catch(() => {});
      return;
    }
    going.isRecalled = true;
    going.recall();
    this.#going.delete(entry);
  }

  /** Versions that no alias means any more. Waits only for those that no request works with. */
  async forgetOthers(model: string, keep: string): Promise<void> {
    const { ports, traffic, aliases } = this.#deps;
    const { stable, previous } = aliases.state(model);
    for (const { entry, version } of ports.entries(model)) {
      if (version === stable || version === previous || version === keep) continue;
      if (traffic.held(entry) > 0) this.discardLater(model, entry, 'no alias means it any more');
      else await this.end(entry, 'no alias means it any more');
    }
  }
}
