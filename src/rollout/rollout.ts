/** Versions of models while they serve: swaps, canaries, shadows, and the way back. One swap of a model at a time. */
import { FacepoolError } from '../contract/errors.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { Rollout, Swap, SwapRequest, Who } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import type { AliasStore } from './alias-store.ts';
import { checkRole, checkSpace, findManifest, needsGap } from './checks.ts';
import type { RolloutPorts } from './ports.ts';
import type { OnCopy, ShadowStats } from './shadow-stats.ts';
import { isOver, SwapLog, type SwapRecord } from './swap-log.ts';
import { discard, finishSwap, forgetOthers, runSwap, type SwapDeps, type SwapPlan } from './swap-run.ts';
import { tellVersions } from './tell-versions.ts';
import { Trials } from './trials.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type RolloutDeps = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ports: RolloutPorts;
  readonly aliases: AliasStore;
  readonly traffic: VersionTraffic;
  /** Told of every swap that is over. */
  readonly onEnd: (swap: Swap, seconds: number) => void;
  /** A version is to be a shadow; the answer is told of every copy. */
  readonly copiesOf?: ((model: string, version: string) => OnCopy) | undefined;
};

const BY_ITSELF = 'facepool';

export class Versions implements Rollout {
  readonly #deps: RolloutDeps;
  readonly #log: SwapLog;
  readonly #trials: Trials;
  /** Swaps that run: their ends, and what cuts them short. */
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  /** Models whose swap is being checked. */
  readonly #checking = new Set<string>();
  #closed = false;

  constructor(deps: RolloutDeps) {
    this.#deps = deps;
    this.#log = new SwapLog(deps.clock);
    const { clock, settings, traffic, copiesOf = () => () => {} } = deps;
    this.#trials = new Trials(clock, settings.rollout, traffic, copiesOf);
  }

  /** What was on trial when the server ended is on trial again. Does not wait for it. */
  async restore(): Promise<void> {
    const { aliases, settings } = this.#deps;
    for (const model of Object.keys(settings.models)) {
      const { canary, shadow } = settings.models[model]?.enabled === true ? aliases.state(model) : NOTHING;
      const tried = canary ?? shadow;
      if (tried === null) continue;
      const strategy = canary === null ? 'shadow' : 'canary';
      const request = { ...AUTOMATIC, version: tried.version, strategy, percent: tried.percent } as const;
      await this.#resume(model, { ...request, why: 'after a restart' });
    }
  }

  versions(model: string): ReturnType<Rollout['versions']> {
    const { ports, aliases, traffic } = this.#deps;
    const swap = this.#log.current(model)?.swap ?? null;
    return tellVersions({ ports, traffic, state: aliases.state(model), model, swap, drift: this.stats(model) });
  }

  async swap(model: string, request: SwapRequest, by: string): Promise<Swap> {
    const state = this.#deps.aliases.state(model);
    this.#refuseGeneration(state.generation, request.if_generation);
    const live = this.#log.current(model);
    if (live?.swap.state === 'live' && live.swap.to === request.version) return this.#reshare(model, request, by, live);
    if (state.stable === request.version) throw new FacepoolError('conflict', `${request.version} is stable already`);
    return this.#begin(model, request, by, 'promote');
  }

  async promote(model: string, who: Who): Promise<Swap> {
    const { aliases } = this.#deps;
    const state = aliases.state(model);
    this.#refuseGeneration(state.generation, who.ifGeneration);
    const record = this.#log.current(model);
    const tried = state.canary ?? state.shadow;
    if (tried === null || record?.swap.state !== 'live') {
      throw new FacepoolError('conflict', `${model} has no canary and no shadow to promote`);
    }
    const entry = this.#deps.ports.entryOf(model, tried.version);
    if (entry === null || !this.#deps.ports.state(entry).isReady) {
      throw new FacepoolError('conflict', `${tried.version} does not serve now; it cannot be promoted`);
    }
    const { serving, next } = await this.#manifests(model, tried.version);
    checkSpace(this.#deps.ports, model, serving, next);
    const request = { ...AUTOMATIC, version: tried.version, why: who.why };
    const plan = { model, request, by: who.by, move: 'promote' } as const;
    const old = this.#deps.ports.entryOf(model, state.stable);
    await finishSwap(this.#swapDeps, plan, record, entry, false);
    this.#afterSwitch(model, old, entry, record);
    return record.swap;
  }

  async rollback(model: string, who: Who): Promise<Swap> {
    const { aliases } = this.#deps;
    const state = aliases.state(model);
    this.#refuseGeneration(state.generation, who.ifGeneration);
    const running = this.#running.get(model);
    const record = this.#log.current(model);
    if (running !== undefined && record !== null) {
      running.abort.abort(new FacepoolError('conflict', `rolled back by ${who.by}${who.why && `: ${who.why}`}`));
      await running.done;
      return record.swap;
    }
    if (record?.swap.state === 'live') return this.#takeBack(model, record, who);
    const { previous } = state;
    if (previous === null) throw new FacepoolError('conflict', 'there is no version to go back to');
    const request = { ...AUTOMATIC, version: previous, why: who.why };
    const swap = await this.#begin(model, request, who.by, 'rollback');
    // A version that is still warm takes no time: whoever asked sees it done.
    await this.#running.get(model)?.done;
    return this.#log.find(swap.id);
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

  get #swapDeps(): SwapDeps {
    const { ports, clock, aliases, traffic, settings } = this.#deps;
    return {
      ports,
      clock,
      aliases,
      traffic,
      settings: settings.rollout,
      longestRequestMs: settings.limits.max_timeout_ms,
    };
  }

  #refuseGeneration(generation: number, wanted: number | undefined): void {
    if (this.#closed) throw new FacepoolError('shutting_down', 'the server is shutting down');
    if (wanted === undefined || wanted === generation) return;
    const detail = `the aliases are at generation ${generation}, not ${wanted}: somebody changed them meanwhile`;
    throw new FacepoolError('conflict', detail, { param: 'if_generation' });
  }

  async #manifests(
    model: string,
    version: string,
  ): Promise<{ readonly serving: Manifest | null; readonly next: Manifest }> {
    const { ports, aliases } = this.#deps;
    const next = await findManifest(ports, model, version);
    const serving = await findManifest(ports, model, aliases.state(model).stable).catch(() => null);
    checkRole(model, serving, next);
    return { serving, next };
  }

  async #begin(model: string, request: SwapRequest, by: string, move: SwapPlan['move']): Promise<Swap> {
    const { ports, aliases } = this.#deps;
    const current = this.#log.current(model);
    if (current !== null || this.#checking.has(model)) {
      const what = current === null ? 'another swap' : `the swap to ${current.swap.to}`;
      throw new FacepoolError('swap_in_progress', `${what} of ${model} goes on; end it first`);
    }
    this.#checking.add(model);
    try {
      const { serving, next } = await this.#manifests(model, request.version);
      if (request.strategy === 'immediate') checkSpace(ports, model, serving, next);
      await forgetOthers(this.#swapDeps, model, request.version);
      const entry = ports.entryOf(model, request.version) ?? ports.add(model, request.version, next);
      const gap = needsGap(ports, model, entry, request);
      const record = this.#log.begin(model, aliases.state(model).stable, request, by);
      record.add('stage', 0, next.graphs.length === 1 ? '1 graph' : `${next.graphs.length} graphs`);
      record.add('room', 0, gap ? 'not beside the old version: it goes first' : 'beside the old version');
      if (request.strategy === 'shadow') this.#trials.compare(model, serving, next);
      this.#run({ model, request, by, manifest: next, gap, move }, record);
      return record.swap;
    } finally {
      this.#checking.delete(model);
    }
  }

  #run(plan: SwapPlan, record: SwapRecord): void {
    const { model } = plan;
    const abort = new AbortController();
    const old = this.#deps.ports.entryOf(model, record.swap.from);
    const done = runSwap(this.#swapDeps, plan, record, abort.signal).then(() => {
      this.#running.delete(model);
      const entry = this.#deps.ports.entryOf(model, plan.request.version);
      if (record.swap.state === 'live' && entry !== null) this.#onTrial(plan, old, entry, record);
      else if (record.swap.state === 'done' && entry !== null) this.#afterSwitch(model, old, entry, record, plan);
      else this.#ended(record);
    });
    this.#running.set(model, { abort, done });
  }

  #onTrial(plan: Pick<SwapPlan, 'model' | 'request'>, old: string | null, entry: string, record: SwapRecord): void {
    const { model, request } = plan;
    if (!request.auto_rollback) return;
    const back = (why: string): Promise<Swap> => this.#takeBack(model, record, { by: BY_ITSELF, why });
    this.#trials.whileLive(model, old, entry, (reason) => void back(reason).catch(() => {}));
  }

  #afterSwitch(model: string, old: string | null, entry: string, record: SwapRecord, plan?: SwapPlan): void {
    this.#ended(record);
    this.#trials.end(model);
    if (old === null || plan?.move === 'rollback' || plan?.request.auto_rollback === false) return;
    const back = (why: string): Promise<Swap> => this.rollback(model, { by: BY_ITSELF, why });
    this.#trials.afterSwitch(model, old, entry, (reason) => void back(reason).catch(() => {}));
  }

  async #takeBack(model: string, record: SwapRecord, who: Who): Promise<Swap> {
    this.#trials.end(model);
    this.#deps.aliases.move(model, { action: 'rollback' }, who.by, who.why);
    record.finish('rolled_back', who.why || `by ${who.by}`);
    this.#ended(record);
    const entry = this.#deps.ports.entryOf(model, record.swap.to);
    // Nobody waits for its end.
    if (entry !== null) void discard(this.#swapDeps, model, entry, 'rolled back').catch(() => {});
    return record.swap;
  }

  #reshare(model: string, request: SwapRequest, by: string, record: SwapRecord): Swap {
    if (request.strategy === 'immediate') {
      throw new FacepoolError('conflict', `${request.version} is being tried already; promote it`);
    }
    const { strategy, version, percent, why } = request;
    this.#deps.aliases.move(model, { action: strategy, version, percent }, by, why);
    record.set({ strategy, percent });
    record.add('switch', 0, `${percent} % of the traffic`);
    return record.swap;
  }

  async #resume(model: string, request: SwapRequest): Promise<void> {
    const { aliases, ports } = this.#deps;
    const record = this.#log.begin(model, aliases.state(model).stable, request, BY_ITSELF);
    try {
      const { serving, next } = await this.#manifests(model, request.version);
      if (request.strategy === 'shadow') this.#trials.compare(model, serving, next);
      const entry = ports.entryOf(model, request.version) ?? ports.add(model, request.version, next);
      ports.keep(entry);
      const end = record.step('load', 'after a restart');
      await ports.load(entry, new AbortController().signal, () => {});
      end();
      record.finish('live');
      this.#onTrial({ model, request }, ports.entryOf(model, record.swap.from), entry, record);
    } catch (error) {
      aliases.move(model, { action: 'clear' }, BY_ITSELF, 'it did not start after a restart');
      record.finish('failed', error instanceof Error ? error.message : String(error));
      this.#ended(record);
    }
  }

  #ended(record: SwapRecord): void {
    if (isOver(record.swap)) this.#deps.onEnd(record.swap, (this.#deps.clock.now() - record.startedAt) / 1000);
  }
}

const NOTHING = { canary: null, shadow: null } as const;
const AUTOMATIC = {
  strategy: 'immediate',
  percent: 10,
  auto_rollback: true,
  allow_evict: true,
  allow_gap: false,
} as const;
