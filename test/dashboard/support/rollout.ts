/** A rollout that a test moves by hand: what is ordered begins, and goes on when the test says so. */
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { AliasChange, Rollout, Swap, SwapStep, VersionsAnswer, Who } from '../../../src/contract/rollout.ts';
import type { StageOptions, Staging, VersionRow } from '../../../src/contract/staging.ts';
import type { StageStep } from '../../../src/contract/versions.ts';
import type { Changes } from '../../../src/http/changes.ts';
import { versionRow } from '../../http/support/changes.ts';

const MIB = 2 ** 20;

export type MadeUpRollout = {
  readonly changes: Changes;
  /** What was ordered, in order: `swap v2 canary 10 generation 3`. */
  readonly orders: string[];
  readonly answer: () => VersionsAnswer;
  /** As if somebody else, or time, had changed it. */
  readonly set: (over: Partial<VersionsAnswer>) => void;
  /** Figures of one version. */
  readonly figures: (version: string, live: VersionRow['live']) => void;
  /** A step of the swap that runs: begun with `ms` null, else ended. */
  readonly step: (step: SwapStep, ms: number | null, detail?: string) => void;
  readonly finish: (state: Swap['state'], reason?: string) => void;
  /** A registration that runs waits until this: a step, or the end. */
  readonly checked: (step: StageStep, ms: number | null, detail?: string) => void;
  readonly refuse: (error: FacepoolError) => void;
  readonly accept: (row: VersionRow) => void;
  readonly staging: () => boolean;
};

export function madeUpVersions(): VersionsAnswer {
  const history = (generation: number, minutes: number, over: Partial<AliasChange>): AliasChange => ({
    ...{ generation, by: 'key:anna', action: 'promote', stable: 'yunet-n', canary: null, shadow: null, why: '' },
    at: new Date(Date.now() - minutes * 60_000).toISOString(),
    ...over,
  });
  const live = { requests: 1180, error_ratio: 0.0008, p50_ms: 9.4, p99_ms: 17.2 };
  const idle = { state: 'none', reason: '', memory_bytes: null, percent: 0, live: null, aliases: [] };
  return {
    ...{ model: 'detector', generation: 3, stable: 'yunet-n', canary: null, shadow: null, previous: 'yunet-m' },
    versions: [
      versionRow({
        live,
        memory_bytes: 148 * MIB,
        description: 'YuNet, 75 856 parameters: faces with five landmarks.',
      }),
      versionRow({ ...idle, version: 'yunet-2', source: 'staged', description: 'YuNet, trained on more masks.' }),
      versionRow({
        ...idle,
        version: 'yunet-m',
        source: 'bundled',
        description: 'YuNet of 2023.',
        aliases: ['previous'],
      }),
      versionRow({
        ...{ ...idle, version: 'yunet-0', source: 'staged', description: '', licence: '', bytes: 0 },
        problem: 'manifest.yaml cannot be read: nothing is at "graphs"',
      }),
    ],
    drift: null,
    limits: { min_requests: 50, error_ratio: 0.02, p99_ratio: 1.5, min_compared: 50, drift_ratio: 0.05 },
    swap: null,
    history: [
      history(3, 12, { why: 'fewer misses in the dark' }),
      history(2, 75, {
        by: 'socket',
        action: 'canary',
        stable: 'yunet-m',
        canary: { version: 'yunet-n', percent: 12.5 },
      }),
      history(1, 60 * 26, { by: 'settings', action: 'configured', stable: 'yunet-m' }),
    ],
  };
}

/** Of the model `detector`; other models have one version and no news. */
export function madeUpRollout(first: VersionsAnswer = madeUpVersions()): MadeUpRollout {
  let answer = first;
  const swaps: Swap[] = [];
  const orders: string[] = [];
  const listeners = new Set<(swap: Swap) => void>();
  let waiting: { readonly onStep: StageOptions['onStep']; readonly end: PromiseWithResolvers<VersionRow> } | null =
    null;

  const change = (over: Partial<Swap>): Swap => {
    const [newest] = swaps;
    if (newest === undefined) throw new Error('there is no swap');
    const swap = { ...newest, ...over };
    swaps[0] = swap;
    answer = { ...answer, swap: swap.ended === null ? swap : null };
    for (const listener of [...listeners]) listener(swap);
    return swap;
  };
  const relabel = (over: Partial<VersionsAnswer>, action: AliasChange['action'], who: Who): void => {
    const next = { ...answer, ...over, generation: answer.generation + 1 };
    const { generation, stable, canary, shadow } = next;
    const at = new Date().toISOString();
    const versions = next.versions.map((row): VersionRow => {
      const aliases: VersionRow['aliases'] = [];
      if (row.version === stable) aliases.push('stable');
      if (row.version === canary?.version) aliases.push('canary');
      if (row.version === shadow?.version) aliases.push('shadow');
      if (row.version === next.previous) aliases.push('previous');
      const percent = row.version === stable ? 100 - (canary?.percent ?? 0) : 0;
      return { ...row, aliases, percent: row.version === canary?.version ? canary.percent : percent };
    });
    const entry = { generation, at, by: who.by, action, stable, canary, shadow, why: who.why };
    answer = { ...next, versions, history: [entry, ...answer.history] };
  };
  const check = (action: string, who: Pick<Who, 'ifGeneration'>): void => {
    orders.push(`${action} generation ${who.ifGeneration ?? 'any'}`);
    if (who.ifGeneration === undefined || who.ifGeneration === answer.generation) return;
    const detail = `the aliases are at generation ${answer.generation}, not ${who.ifGeneration}: somebody changed them meanwhile`;
    throw new FacepoolError('conflict', detail, { param: 'if_generation' });
  };
  const toState = (state: string, version: string): void => {
    const versions = answer.versions.map((row) => {
      if (row.version !== version) return row;
      const live = row.live ?? { requests: 0, error_ratio: 0, p50_ms: 0, p99_ms: 0 };
      return { ...row, state, memory_bytes: 151 * MIB, live };
    });
    answer = { ...answer, versions };
  };

  const rollout: Rollout = {
    versions: async (model) => {
      if (model === 'detector') return answer;
      const row = versionRow({ version: `${model}-1` });
      return {
        ...answer,
        model,
        stable: row.version,
        previous: null,
        versions: [row],
        history: [],
        swap: null,
        drift: null,
      };
    },
    async swap(model, { version, strategy, percent, why, if_generation: ifGeneration }, by) {
      check(`swap ${version} ${strategy} ${percent}`, { ifGeneration });
      const [last] = swaps;
      if (last?.state === 'live') {
        relabel(strategy === 'canary' ? { canary: { version, percent } } : { shadow: { version, percent } }, 'canary', {
          by,
          why,
        });
        return change({ percent });
      }
      swaps.unshift({
        ...{ id: `swap-${swaps.length + 1}`, model, from: answer.stable, to: version, strategy, by },
        ...{ percent: strategy === 'immediate' ? null : percent, state: 'running', reason: '', ended: null },
        ...{ started: new Date().toISOString(), attempts: 1, gap_ms: null, steps: [] },
      });
      return change({});
    },
    async promote(_model, who) {
      check('promote', who);
      const { to, from } = change({});
      relabel({ stable: to, previous: from, canary: null, shadow: null, drift: null }, 'promote', who);
      return change({ state: 'done', ended: new Date().toISOString() });
    },
    async rollback(_model, who) {
      check('rollback', who);
      const back = { canary: null, shadow: null, drift: null };
      if (answer.swap !== null) {
        relabel(back, 'rollback', who);
        return change({ state: 'rolled_back', reason: who.why || `by ${who.by}`, ended: new Date().toISOString() });
      }
      const [to, from] = [answer.previous ?? '', answer.stable];
      swaps.unshift({
        ...{
          id: `swap-${swaps.length + 1}`,
          model: 'detector',
          from,
          to,
          strategy: 'immediate',
          by: who.by,
          percent: null,
        },
        ...{ state: 'running', reason: '', ended: null, started: new Date().toISOString(), attempts: 1, gap_ms: null },
        steps: [],
      });
      relabel({ ...back, stable: to, previous: from }, 'rollback', who);
      return change({ state: 'done', ended: new Date().toISOString() });
    },
    find(id) {
      const found = swaps.find((swap) => swap.id === id);
      if (found === undefined) throw new FacepoolError('not_found', `there is no swap "${id}"`);
      return found;
    },
    list: (model) => swaps.filter((swap) => model === null || swap.model === model),
    wait: async (id) => rollout.find(id),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const staging: Staging = {
    async stage(_model, upload, { onStep, signal }) {
      const names: string[] = [];
      const end = Promise.withResolvers<VersionRow>();
      // It may be refused before the last file is in, as nobody waits yet.
      end.promise.catch(() => {});
      const own = { onStep, end };
      waiting = own;
      const giveUp = (): void => end.reject(signal.reason);
      signal.addEventListener('abort', giveUp);
      try {
        for await (const file of upload.files) {
          names.push(file.name);
          if ('stream' in file) for await (const _chunk of file.stream);
        }
        orders.push(`register ${upload.version}: ${names.join(', ')}`);
        return await end.promise;
      } finally {
        signal.removeEventListener('abort', giveUp);
        if (waiting === own) waiting = null;
      }
    },
    async remove(_model, version) {
      orders.push(`remove ${version}`);
      answer = { ...answer, versions: answer.versions.filter((row) => row.version !== version) };
    },
  };
  return {
    changes: {
      ...{ rollout, staging },
      reload: { reload: async (dryRun) => ({ dry_run: dryRun, changes: [] }) },
      audit: { record: () => undefined },
    },
    orders,
    answer: () => answer,
    set(over) {
      answer = { ...answer, ...over };
    },
    figures(version, live) {
      answer = {
        ...answer,
        versions: answer.versions.map((row) => (row.version === version ? { ...row, live } : row)),
      };
    },
    step(step, ms, detail = '') {
      const { steps } = change({});
      const at = new Date().toISOString();
      const last = steps.at(-1);
      const same = last?.step === step && last.ms === null;
      change({ steps: [...(same ? steps.slice(0, -1) : steps), { step, at, ms, detail }] });
    },
    finish(state, reason = '') {
      const { to, from, percent, strategy, by } = change({});
      const who = { by, why: '' };
      const part = { version: to, percent: percent ?? 10 };
      if (state === 'live') {
        toState('ready', to);
        relabel(
          strategy === 'shadow' ? { shadow: part } : { canary: part },
          strategy === 'shadow' ? 'shadow' : 'canary',
          who,
        );
      }
      if (state === 'done') {
        toState('ready', to);
        relabel({ stable: to, previous: from, canary: null, shadow: null }, 'promote', who);
      }
      if (state === 'rolled_back' && (answer.canary ?? answer.shadow) !== null) {
        relabel({ canary: null, shadow: null, drift: null }, 'rollback', { by: 'facepool', why: reason });
      }
      change({ state, reason, ended: state === 'live' ? null : new Date().toISOString() });
    },
    checked(step, ms, detail = '') {
      waiting?.onStep({ step, ms, detail });
    },
    refuse(error) {
      waiting?.end.reject(error);
    },
    accept(row) {
      answer = { ...answer, versions: [...answer.versions, row] };
      waiting?.end.resolve(row);
    },
    staging: () => waiting !== null,
  };
}
