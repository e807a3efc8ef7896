/** A rollout, a staging and a reload that remember what they were asked and do what a test says. */
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { Reload, ReloadAnswer } from '../../../src/contract/reload.ts';
import type { Rollout, Swap, SwapRequest, VersionsAnswer, Who } from '../../../src/contract/rollout.ts';
import type { StageOptions, Staging, VersionFile, VersionRow, VersionUpload } from '../../../src/contract/staging.ts';
import type { AuditEntry } from '../../../src/auth/audit-log.ts';
import type { Changes } from '../../../src/http/changes.ts';
import { orAbort } from '../../../src/util/abort.ts';

const AT = '2026-01-01T00:00:00.000Z';

export const SWAP: Swap = {
  id: '01SWAP0000000000000000TEST',
  model: 'detector',
  from: 'yunet-n',
  to: 'yunet-2',
  strategy: 'immediate',
  percent: null,
  state: 'running',
  reason: '',
  by: 'socket',
  started: AT,
  ended: null,
  attempts: 1,
  gap_ms: null,
  steps: [{ step: 'stage', at: AT, ms: 0, detail: '1 graphs' }],
};

export function versionRow(over: Partial<VersionRow> = {}): VersionRow {
  return {
    version: 'yunet-n',
    source: 'bundled',
    aliases: ['stable'],
    state: 'ready',
    reason: 'loaded',
    description: 'YuNet',
    licence: 'MIT',
    space: null,
    bytes: 232_589,
    memory_bytes: 61_865_984,
    percent: 100,
    live: { requests: 120, error_ratio: 0, p50_ms: 9.5, p99_ms: 14.2 },
    problem: null,
    ...over,
  };
}

export const STAGED: VersionRow = versionRow({
  version: 'yunet-2',
  source: 'staged',
  aliases: [],
  state: 'none',
  reason: '',
  memory_bytes: null,
  percent: 0,
  live: null,
});

export const VERSIONS: VersionsAnswer = {
  model: 'detector',
  generation: 3,
  stable: 'yunet-n',
  canary: null,
  shadow: null,
  previous: null,
  versions: [versionRow(), STAGED],
  drift: null,
  limits: { min_requests: 50, error_ratio: 0.02, p99_ratio: 1.5, min_compared: 50, drift_ratio: 0.05 },
  swap: null,
  history: [
    {
      generation: 3,
      at: AT,
      by: 'key:anna',
      action: 'clear',
      stable: 'yunet-n',
      canary: null,
      shadow: null,
      why: 'no',
    },
  ],
};

export const RELOAD: ReloadAnswer = {
  dry_run: false,
  changes: [
    { setting: 'log.level', from: '"info"', to: '"debug"', effect: 'applied' },
    { setting: 'http.port', from: '8080', to: '9000', effect: 'needs_restart' },
  ],
};

export type FakeChanges = Changes & {
  /** `swap detector yunet-2 immediate`, `promote detector`, `remove detector yunet-2`, … */
  readonly calls: string[];
  readonly requests: SwapRequest[];
  readonly moves: Who[];
  readonly audited: AuditEntry[];
  /** Of every upload that was read to its end: file → content. */
  readonly uploads: (Pick<VersionUpload, 'version' | 'manifest'> & { readonly files: Record<string, string> })[];
  /** Tells those who watch or wait, and is what `find` gives from then on. */
  change(swap: Partial<Swap>): void;
  readonly listeners: () => number;
};

export type FakeChangesOptions = {
  readonly versions?: Partial<VersionsAnswer>;
  readonly rollout?: Partial<Rollout>;
  readonly reload?: Reload['reload'];
  /** Runs when an upload was read, in place of the checks. */
  readonly check?: (options: StageOptions) => Promise<void>;
};

export function fakeChanges(options: FakeChangesOptions = {}): FakeChanges {
  const listeners = new Set<(swap: Swap) => void>();
  const calls: string[] = [];
  const requests: SwapRequest[] = [];
  const moves: Who[] = [];
  const audited: AuditEntry[] = [];
  const uploads: FakeChanges['uploads'] = [];
  let swap: Swap = SWAP;
  const known = (model: string): void => {
    if (model === 'detector') return;
    throw new FacepoolError('not_found', `there is no model "${model}"`, { param: 'model' });
  };
  const move = (action: string) => async (model: string, who: Who) => {
    known(model);
    calls.push(`${action} ${model}`);
    moves.push(who);
    return swap;
  };
  const rollout: Rollout = {
    versions: async (model) => {
      known(model);
      return { ...VERSIONS, ...options.versions };
    },
    swap: async (model, request, by) => {
      known(model);
      calls.push(`swap ${model} ${request.version} ${request.strategy}`);
      requests.push(request);
      const percent = request.strategy === 'immediate' ? null : request.percent;
      swap = { ...SWAP, model, to: request.version, strategy: request.strategy, percent, by };
      return swap;
    },
    promote: move('promote'),
    rollback: move('rollback'),
    find: (id) => {
      if (id === swap.id) return swap;
      throw new FacepoolError('not_found', `there is no swap "${id}"`, { param: 'id' });
    },
    list: (model) => {
      if (model !== null) known(model);
      calls.push(`list ${model ?? 'all'}`);
      return [swap];
    },
    wait: (id, signal) => {
      const settled = new Promise<Swap>((resolve) => {
        const look = (now: Swap): void => {
          if (now.id !== id || now.state === 'running') return;
          listeners.delete(look);
          resolve(now);
        };
        listeners.add(look);
        look(swap);
      });
      return orAbort(settled, signal);
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ...options.rollout,
  };
  const staging: Staging = {
    stage: async (model, upload, stage) => {
      known(model);
      calls.push(`stage ${model} ${upload.version} by ${stage.by}`);
      stage.onStep({ step: 'receive', ms: null, detail: '' });
      const files = await readFiles(upload.files);
      stage.onStep({ step: 'receive', ms: 12, detail: '' });
      await options.check?.(stage);
      uploads.push({ version: upload.version, manifest: upload.manifest, files });
      return { ...STAGED, version: upload.version };
    },
    remove: async (model, version) => void calls.push(`remove ${model} ${version}`),
  };
  const reload: Reload = {
    reload:
      options.reload ??
      (async (dryRun) => {
        calls.push(`reload ${dryRun}`);
        return { ...RELOAD, dry_run: dryRun };
      }),
  };
  return {
    rollout,
    staging,
    reload,
    audit: { record: (entry) => void audited.push(entry) },
    calls,
    requests,
    moves,
    audited,
    uploads,
    change(more) {
      swap = { ...swap, ...more };
      for (const listener of [...listeners]) listener(swap);
    },
    listeners: () => listeners.size,
  };
}

async function readFiles(files: VersionUpload['files']): Promise<Record<string, string>> {
  const read: Record<string, string> = {};
  for await (const file of files) read[file.name] = await readFile(file);
  return read;
}

async function readFile(file: VersionFile): Promise<string> {
  if (!('stream' in file)) return `${file.path} ${file.sha256 ?? ''}`;
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
