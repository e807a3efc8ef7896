/** People in memory, two recognizers of different spaces, and a rollout that does what it is told at once. */
import type { TestContext } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { RecognizerManifest } from '../../src/contract/manifest.ts';
import type { AliasChange, Rollout, Swap, SwapRequest, VersionsAnswer } from '../../src/contract/rollout.ts';
import { createReembedPort, type ReembedPort } from '../../src/gallery/reembed-port.ts';
import type { EmbedIn, RoutedRecognizer } from '../../src/pipeline/deps.ts';
import type { KeptCrop } from '../../src/pipeline/embed-crop.ts';
import { Reembedder, type ReembedDeps } from '../../src/pipeline/reembed.ts';
import { orAbort } from '../../src/util/abort.ts';
import { newFace, peopleRig, type RigOptions, unit } from '../fixtures/people-rig.ts';
import { RECOGNIZER } from '../fixtures/pipeline.ts';

type Share = { readonly version: string; readonly percent: number };
type Row = { readonly version: string; readonly space: string | null; readonly problem?: string };

export type FakeRollout = Pick<Rollout, 'versions' | 'swap' | 'wait' | 'rollback' | 'onChange'> & {
  readonly rows: Row[];
  stable: string;
  canary: Share | null;
  shadow: Share | null;
  previous: string | null;
  swapNow: Swap | null;
  readonly history: AliasChange[];
  /** What was asked of it. */
  readonly calls: string[];
  /** A swap that was begun becomes this; null: it goes on until `end`. */
  next: 'live' | 'failed' | null;
  /** Thrown by the next swap. */
  refusal: Error | null;
  end(state: Swap['state'], reason?: string): void;
};

/** `v1` of space `a` is stable; `v2` is of `b`; `v3` of `a` too; `none` embeds nothing. */
export function fakeRollout(): FakeRollout {
  const listeners = new Set<(swap: Swap) => void>();
  let ids = 0;
  const tell = (change: Partial<Swap>): void => {
    if (rollout.swapNow === null) return;
    const swap = { ...rollout.swapNow, ...change };
    rollout.swapNow = swap.state === 'running' || swap.state === 'live' ? swap : null;
    known.set(swap.id, swap);
    for (const listener of [...listeners]) listener(swap);
  };
  const known = new Map<string, Swap>();
  const note = (action: AliasChange['action'], by: string, why: string): void => {
    const { stable, canary, shadow, history } = rollout;
    history.unshift({ generation: history.length, at: '', by, action, stable, canary, shadow, why });
  };
  const begun = { by: '', why: '' };
  const rollout: FakeRollout = {
    rows: [
      { version: 'v1', space: 'a' },
      { version: 'v2', space: 'b' },
      { version: 'v3', space: 'a' },
      { version: 'none', space: null },
      { version: 'broken', space: null, problem: 'line 3 is no YAML' },
    ],
    stable: 'v1',
    canary: null,
    shadow: null,
    previous: null,
    swapNow: null,
    history: [],
    calls: [],
    next: 'live',
    refusal: null,
    async versions(model): Promise<VersionsAnswer> {
      if (model !== 'recognizer') throw new FacepoolError('not_found', `there is no model "${model}"`);
      const { stable, canary, shadow, previous, swapNow, history } = rollout;
      const of = { stable, canary: canary?.version, shadow: shadow?.version, previous };
      const names = ['stable', 'canary', 'shadow', 'previous'] as const;
      return {
        model,
        generation: history.length,
        stable,
        canary,
        shadow,
        previous,
        versions: rollout.rows.map(({ version, space, problem = null }) => ({
          version,
          source: 'bundled',
          aliases: names.filter((name) => of[name] === version),
          state: 'ready',
          reason: '',
          description: '',
          licence: '',
          space,
          bytes: 1,
          memory_bytes: null,
          percent: 0,
          live: null,
          problem,
        })),
        drift: null,
        limits: { min_requests: 1, error_ratio: 0, p99_ratio: 1, min_compared: 1, drift_ratio: 0 },
        swap: swapNow,
        history,
      };
    },
    async swap(model, request: SwapRequest, by) {
      rollout.calls.push(`swap ${request.version} ${request.strategy} ${request.percent} by ${by}`);
      if (rollout.refusal !== null) throw rollout.refusal;
      const swap: Swap = {
        id: `swap ${++ids}`,
        model,
        from: rollout.stable,
        to: request.version,
        strategy: request.strategy,
        percent: request.percent,
        state: 'running',
        reason: '',
        by,
        started: '',
        ended: null,
        attempts: 1,
        gap_ms: null,
        steps: [],
      };
      rollout.swapNow = swap;
      known.set(swap.id, swap);
      Object.assign(begun, { by, why: request.why });
      const { next } = rollout;
      if (next !== null) queueMicrotask(() => rollout.end(next, next === 'failed' ? 'its golden probe' : ''));
      return swap;
    },
    end(state, reason = '') {
      const { swapNow } = rollout;
      if (state === 'live' && swapNow !== null) {
        rollout.shadow = { version: swapNow.to, percent: swapNow.percent ?? 0 };
        note('shadow', begun.by, begun.why);
      }
      tell({ state, reason });
    },
    async wait(id, signal) {
      const now = known.get(id);
      if (now === undefined) throw new FacepoolError('not_found', 'no such swap');
      if (now.state !== 'running') return now;
      const { promise, resolve } = Promise.withResolvers<Swap>();
      const off = rollout.onChange((swap) => {
        if (swap.id === id && swap.state !== 'running') resolve(swap);
      });
      return orAbort(promise, signal).finally(off);
    },
    async rollback(_, { by, why }) {
      rollout.calls.push(`rollback by ${by}`);
      const { swapNow } = rollout;
      if (swapNow === null) throw new FacepoolError('conflict', 'there is no version to go back to');
      rollout.shadow = null;
      rollout.canary = null;
      note('rollback', by, why);
      tell({ state: 'rolled_back', reason: why });
      return known.get(swapNow.id) ?? swapNow;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return rollout;
}

export const OTHER: RecognizerManifest = {
  ...RECOGNIZER,
  version: 'v2',
  recognizer: { ...RECOGNIZER.recognizer, space: 'b', dim: 4 },
};

/** A crop that says of which seed its vector is. */
export function cropOf(seed: number): KeptCrop {
  return { jpeg: Uint8Array.of(seed), landmarks: [] };
}

export type SceneOptions = RigOptions &
  Partial<Pick<ReembedDeps, 'embed' | 'isBusy'>> & {
    readonly port?: (real: ReembedPort) => Partial<ReembedPort>;
  };

/** `enrol` keeps crops; in space `b` the vector of a crop is that of its seed and 100. */
export function reembedScene(_: TestContext | null = null, options: SceneOptions = {}) {
  const rig = peopleRig(options);
  const { gallery, clock } = rig;
  const rollout = fakeRollout();
  const real = createReembedPort(gallery);
  const port: ReembedPort = { ...real, ...options.port?.(real) };
  const embedded: number[] = [];
  const troubles: string[] = [];
  const lent = { now: 0 };
  const recognizer = { name: 'recognizer', manifest: OTHER } as RoutedRecognizer;
  const lend: EmbedIn = async (_model, space) => {
    if (rollout.shadow === null || space !== 'b')
      throw new FacepoolError('space_mismatch', `nobody embeds in ${space}`);
    lent.now += 1;
    return { model: recognizer, end: () => void (lent.now -= 1) };
  };
  const reembedder = new Reembedder({
    port,
    rollout,
    lend,
    embed: async (model, crop, signal) => {
      embedded.push(crop.jpeg[0] ?? 0);
      return options.embed === undefined ? unit(100 + (crop.jpeg[0] ?? 0)) : options.embed(model, crop, signal);
    },
    isBusy: options.isBusy ?? (() => false),
    clock,
    onTrouble: (what) => troubles.push(what),
  });
  const enrol = (subject: string, seed: number, collection = 'default', crop: KeptCrop | null = cropOf(seed)) =>
    gallery.add(newFace(subject, seed, { collection, crop }));
  const start = (version = 'v2', model = 'recognizer') => reembedder.start({ model, version });
  /** Turns the clock until the job has ended. */
  const ended = async () => {
    for (let i = 0; i < 2000; i++) {
      await new Promise(setImmediate);
      const now = reembedder.status();
      if (now !== null && now.ended_at !== null) return now;
      clock.advance(1000);
    }
    throw new Error('it never ended');
  };
  return { ...rig, rollout, port, reembedder, embedded, troubles, lent, enrol, start, ended };
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
}
