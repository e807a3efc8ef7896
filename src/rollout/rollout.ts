/** Versions of models while they serve: swaps, canaries, shadows, and the way back. One swap of a model at a time. */
import { FacepoolError } from '../contract/errors.ts';
import type { AliasState, Rollout, Swap, SwapRequest, Who } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { triedVersion } from './alias-state.ts';
import type { AliasStore } from './alias-store.ts';
import { checkSpace, checkUnused, manifestsOf, needsGap, refuseGeneration } from './checks.ts';
import { Leaving } from './leaving.ts';
import { OneLoad } from './one-load.ts';
import type { RolloutPorts } from './ports.ts';
import { reshare } from './reshare.ts';
import { AUTOMATIC, type Resumed, resumeTrial, trialsToResume } from './resume.ts';
import type { OnCopy, ShadowStats } from './shadow-stats.ts';
import { isOver, SwapLog, type SwapRecord } from './swap-log.ts';
import { endOld, runSwap, switchBack, type SwapDeps, type SwapPlan, switchTo } from './swap-run.ts';
import { tellVersions } from './tell-versions.ts';
import { Trials } from './trials.ts';
import { Turns } from './turns.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type RolloutDeps = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ports: RolloutPorts;
  readonly aliases: AliasStore;
  readonly traffic: VersionTraffic;
  /** Told of every swap that is over. */
  readonly onEnd: (swap: Swap, seconds: number) => void;
  /** Told of what nobody waits for. */
  readonly onTrouble?: ((what: string, error: unknown) => void) | undefined;
  /** A version is to be a shadow; the answer is told of every copy. */
  readonly copiesOf?: ((model: string, version: string) => OnCopy) | undefined;
};

const BY_ITSELF = 'facepool';

/** A swap that runs: what cuts it short, and its end. `isBack`: it goes back to the version before. */
type Running = {
  readonly record: SwapRecord;
  readonly abort: AbortController;
  readonly isBack: boolean;
  readonly done: Promise<void>;
};

export class Versions implements Rollout {
  readonly #deps: RolloutDeps;
  readonly #swapDeps: SwapDeps;
  readonly #log: SwapLog;
  readonly #trials: Trials;
  readonly #leaving: Leaving;
  readonly #running = new Map<string, Running>();
  readonly #turns: Turns;
  readonly #resumed: readonly Resumed[];
  #closed = false;

  constructor(deps: RolloutDeps) {
    this.#deps = deps;
    const { clock, settings, traffic, ports, aliases, copiesOf = () => () => {}, onTrouble = () => {} } = deps;
    this.#log = new SwapLog(clock, deps.onEnd);
    this.#turns = new Turns((model) => this.#log.current(model)?.swap ?? null);
    this.#trials = new Trials(clock, settings.rollout, traffic, copiesOf, ports);
    const common = { ports, clock, aliases, traffic, settings, onTrouble };
    this.#leaving = new Leaving(common);
    this.#swapDeps = { ...common, leaving: this.#leaving, loads: new OneLoad() };
    this.#resumed = trialsToResume(settings, aliases, this.#log, BY_ITSELF);
  }

  /** What was on trial when the server ended is on trial again, one after the other. Rejects never. */
  async restore(): Promise<void> {
    for (const { model, request, record } of this.#resumed) {
      if (isOver(record.swap)) continue;
      const abort = new AbortController();
      const parts = { ...this.#swapDeps, trials: this.#trials, isClosed: () => this.#closed, by: BY_ITSELF };
      const done = resumeTrial(parts, { model, request, record, signal: abort.signal }).then((entry) => {
        if (entry !== null) this.#onTrial(model, record, entry);
      });
      await this.#track(model, { record, abort, isBack: false, done });
    }
  }

  versions(model: string): ReturnType<Rollout['versions']> {
    const { ports, aliases, traffic } = this.#deps;
    const swap = this.#log.current(model)?.swap ?? null;
    const { rollout: limits } = this.#deps.settings;
    const state = aliases.state(model);
    return tellVersions({ ports, traffic, state, model, swap, drift: this.stats(model), limits });
  }

  async swap(model: string, request: SwapRequest, by: string): Promise<Swap> {
    const state = this.#state(model, request.if_generation);
    const live = this.#log.current(model);
    if (live?.swap.state === 'live' && live.swap.to === request.version) {
      await reshare({ ...this.#swapDeps, trials: this.#trials }, model, request, by, live);
      this.#onTrial(model, live, this.#deps.ports.entryOf(model, request.version) ?? '');
      return live.swap;
    }
    if (state.stable === request.version) throw new FacepoolError('conflict', `${request.version} is stable already`);
    return this.#begin(model, request, by, 'promote');
  }

  async promote(model: string, who: Who): Promise<Swap> {
    const { aliases, ports } = this.#deps;
    const state = this.#state(model, who.ifGeneration);
    const record = this.#log.current(model);
    const version = triedVersion(state);
    if (version === null || record?.swap.state !== 'live') {
      throw new FacepoolError('conflict', `${model} has no canary and no shadow to promote`);
    }
    const { serving, next } = await manifestsOf(this.#deps, model, version);
    const check = (): void => checkSpace(ports, model, serving, next);
    check();
    // From here to the switch nothing is waited for.
    refuseGeneration(aliases.state(model).generation, state.generation);
    const entry = ports.entryOf(model, version);
    if (entry === null || !ports.state(entry).isReady) {
      throw new FacepoolError('conflict', `${version} does not serve now; it cannot be promoted`);
    }
    const old = ports.entryOf(model, state.stable);
    const request = { ...AUTOMATIC, version, why: who.why };
    switchTo(this.#swapDeps, { model, request, by: who.by, entry, old, gap: false, move: 'promote', check }, record);
    this.#afterSwitch(model, old, entry, record);
    const done = endOld(this.#swapDeps, record, old, entry);
    await this.#track(model, { record, abort: new AbortController(), isBack: false, done });
    return record.swap;
  }

  async rollback(model: string, who: Who): Promise<Swap> {
    const state = this.#state(model, who.ifGeneration);
    const running = this.#running.get(model);
    const record = running?.record ?? this.#log.current(model);
    if (record !== null && triedVersion(state) === record.swap.to) return this.#takeBack(model, record, who);
    if (running !== undefined) {
      const { phase } = running.record;
      if (!running.isBack && phase === 'switched') {
        switchBack(this.#swapDeps, model, running.record, who);
        this.#trials.end(model);
        return running.record.swap;
      }
      if (phase === 'open' && !running.isBack) {
        running.abort.abort(new FacepoolError('conflict', `rolled back by ${who.by}${who.why && `: ${who.why}`}`));
      }
      await running.done;
      // It goes back already, or was cut short; a process that was ending has to end first.
      if (running.isBack || phase === 'open') return running.record.swap;
      if (this.#deps.aliases.state(model).generation !== state.generation) return running.record.swap;
    }
    const { previous } = state;
    if (previous === null) throw new FacepoolError('conflict', 'there is no version to go back to');
    const swap = await this.#begin(model, { ...AUTOMATIC, version: previous, why: who.why }, who.by, 'rollback');
    // A version that is still warm takes no time: whoever asked sees it done.
    await this.#running.get(model)?.done;
    return this.#log.find(swap.id);
  }

  /** Runs the work, which removes the version's files, when nothing of the version is there any more. */
  async withdraw(model: string, version: string, by: string, work: () => Promise<void>): Promise<void> {
    const { aliases, ports } = this.#deps;
    const { previous } = checkUnused(model, version, this.#state(model, undefined));
    await this.#turns.remove(model, version, async () => {
      if (previous === version) aliases.move(model, { action: 'forget', version }, by, 'it was removed');
      const entry = ports.entryOf(model, version);
      if (entry !== null) await this.#leaving.end(entry, 'its version is removed');
      await work();
    });
  }

  find(id: string): Swap {
    return this.#log.find(id);
  }

  list(model: string | null): readonly Swap[] {
    if (model !== null) this.#deps.aliases.state(model);
    return this.#log.list(model);
  }

  wait(id: string, signal: AbortSignal): Promise<Swap> {
    return this.#log.wait(id, signal);
  }

  onChange(listener: (swap: Swap) => void): () => void {
    return this.#log.onChange(listener);
  }

  /** Differences of the shadow of a model; null where it has none. */
  stats(model: string): ShadowStats | null {
    return this.#trials.stats(model);
  }

  /** The server ends: nothing is begun any more, and what runs is cut short. */
  close(): void {
    this.#closed = true;
    this.#trials.close();
    const ending = new FacepoolError('shutting_down', 'the server is shutting down');
    for (const { abort } of this.#running.values()) abort.abort(ending);
  }

  #state(model: string, wanted: number | undefined): AliasState {
    const state = this.#deps.aliases.state(model);
    if (this.#closed) throw new FacepoolError('shutting_down', 'the server is shutting down');
    refuseGeneration(state.generation, wanted);
    return state;
  }

  #begin(model: string, request: SwapRequest, by: string, move: SwapPlan['move']): Promise<Swap> {
    const { ports, aliases } = this.#deps;
    const { version, strategy } = request;
    return this.#turns.begin(model, version, async () => {
      const { serving, next } = await manifestsOf(this.#deps, model, version);
      const check = (): void => checkSpace(ports, model, serving, next);
      if (strategy !== 'shadow') check();
      await this.#leaving.recall(ports.entryOf(model, version) ?? '');
      await this.#leaving.forgetOthers(model, version);
      const { stable } = this.#state(model, undefined);
      const there = ports.entryOf(model, version);
      const entry = there ?? ports.add(model, version, next);
      let gap: boolean;
      try {
        gap = needsGap(ports, model, entry, request);
      } catch (error) {
        if (there === null) ports.remove(entry);
        throw error;
      }
      const record = this.#log.begin(model, stable, request, by);
      record.add('stage', 0, next.graphs.length === 1 ? '1 graph' : `${next.graphs.length} graphs`);
      record.add('room', 0, gap ? 'not beside the old version: it goes first' : 'beside the old version');
      if (strategy === 'shadow') this.#trials.compare(model, serving, next);
      const old = ports.entryOf(model, aliases.state(model).stable);
      this.#run({ model, request, by, entry, old, gap, move, check }, record);
      return record.swap;
    });
  }

  #run(plan: SwapPlan, record: SwapRecord): void {
    const { model, entry, old, move } = plan;
    const abort = new AbortController();
    const onSwitched = (): void => this.#afterSwitch(model, move === 'rollback' ? null : old, entry, record);
    const done = runSwap(this.#swapDeps, plan, record, abort.signal, onSwitched).then(() => {
      if (record.swap.state === 'live') this.#onTrial(model, record, entry);
      else if (record.phase === 'open') this.#trials.endTrial(model);
    });
    void this.#track(model, { record, abort, isBack: move === 'rollback', done });
  }

  /** Resolves when it is over or live. */
  #track(model: string, running: Running): Promise<void> {
    const done = running.done
      .catch((error: unknown) => {
        this.#swapDeps.onTrouble(`the swap of ${model} to ${running.record.swap.to} broke off`, error);
        running.record.finish('failed', 'it broke off');
      })
      .finally(() => {
        if (this.#running.get(model)?.record === running.record) this.#running.delete(model);
      });
    this.#running.set(model, { ...running, done });
    return done;
  }

  #onTrial(model: string, record: SwapRecord, entry: string): void {
    if (!record.autoRollback) return;
    const old = this.#deps.ports.entryOf(model, record.swap.from);
    this.#trials.whileLive(model, old, entry, async (why) => {
      const isLive = record.swap.state === 'live' && record.phase === 'open';
      if (isLive) this.#takeBack(model, record, { by: BY_ITSELF, why });
    });
  }

  /** `old` null: it is not watched, because there is nothing to go back to, or it went back. */
  #afterSwitch(model: string, old: string | null, entry: string, record: SwapRecord): void {
    this.#trials.end(model);
    if (old === null || !record.autoRollback) return;
    this.#trials.afterSwitch(model, old, entry, (why) => this.#goBack(model, record, why));
  }

  /** What this swap made stable is worse: away with what is tried to replace it, and back. */
  async #goBack(model: string, record: SwapRecord, why: string): Promise<void> {
    const who = { by: BY_ITSELF, why };
    const stays = (): boolean => this.#deps.aliases.state(model).stable === record.swap.to;
    if (stays() && this.#log.current(model) !== null) await this.rollback(model, who);
    if (stays()) await this.rollback(model, who);
  }

  /** @throws what the disk says; nothing has changed then */
  #takeBack(model: string, record: SwapRecord, who: Who): Swap {
    this.#deps.aliases.move(model, { action: 'rollback' }, who.by, who.why);
    this.#trials.endTrial(model);
    record.finish('rolled_back', who.why || `by ${who.by}`);
    this.#running.get(model)?.abort.abort(new FacepoolError('conflict', `rolled back by ${who.by}`));
    const entry = this.#deps.ports.entryOf(model, record.swap.to);
    // Nobody waits for its end.
    if (entry !== null) this.#leaving.discardLater(model, entry, 'rolled back');
    return record.swap;
  }
}
