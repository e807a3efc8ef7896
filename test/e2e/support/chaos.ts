/** Minutes of mixed load while everything is disturbed that can be; what came of it, as figures. */
import { setTimeout as delay } from 'node:timers/promises';
import { readRssAnon } from '../../../src/gpu/proc.ts';
import { picker } from '../../fixtures/random.ts';
import { configured, onDemand } from './config-file.ts';
import { type MixedOutcome, mixedRequests } from './mixed.ts';
import { isAlive } from './process.ts';
import { descendants, openFiles } from './proc.ts';
import { startServer, type TestServer } from './server.ts';
import { until } from './until.ts';

const CLIENTS = 6;
const RECOVERY_MS = 30_000;
export const LEAST_ANSWERED = 20;
const MOST_S = 100;
const CHILDREN = ['imaging', 'detector', 'recognizer', 'liveness'];
const MODELS = CHILDREN.slice(1);
/** What policy may refuse while memory is short, always with Retry-After. */
const ALLOWED = new Set(['memory_exhausted', 'queue_full']);
const KINDS = ['SIGKILL', 'SIGSEGV', 'SIGSTOP', 'restart', 'unload', 'load', 'clients leave'] as const;
export type Kind = (typeof KINDS)[number];

export type ChaosResult = {
  readonly seconds: number;
  readonly requests: number;
  readonly answered: number;
  readonly wrong: number;
  readonly left: number;
  /** Code → how often; those that policy allows and those that it does not. */
  readonly refused: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Milliseconds from the disturbance until the model served again. */
  readonly recovery: ReadonlyMap<Kind, readonly number[]>;
  /** RssAnon at a quarter of the time and at the end, megabytes. */
  readonly memory: Readonly<Record<'supervisor' | 'imaging', readonly [number, number]>>;
  readonly leaked: {
    readonly processes: number;
    readonly files: number;
    readonly queued: number;
    readonly leases: number;
  };
};

export async function chaos(seconds: number, seed: number, say: (line: string) => void): Promise<ChaosResult> {
  // Room for two models of three: they also take turns while they are disturbed.
  const server = await startServer({
    ...configured({
      memory: { budgets: ['cpu=480'] },
      models: onDemand({ idle_ttl_ms: 20_000 }),
      // A worker that is stopped while it loads is found by start_timeout alone.
      workers: { infer_timeout_ms: 2000, start_timeout_ms: 6000 },
    }),
  });
  try {
    return await disturbed(server, seconds, seed, say);
  } finally {
    await server.stop();
  }
}

async function disturbed(
  server: TestServer,
  seconds: number,
  seed: number,
  say: (line: string) => void,
): Promise<ChaosResult> {
  const { pick } = picker(seed);
  const mixed = await mixedRequests(server);
  const filesBefore = openFiles(server.pid);
  const outcomes: MixedOutcome[] = [];
  const recovery = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
  const leaving = new Set<AbortController>();
  let running = true;
  let next = 0;
  const client = async (): Promise<void> => {
    while (running) {
      const abort = new AbortController();
      leaving.add(abort);
      outcomes.push(await mixed.send(next++, abort.signal));
      leaving.delete(abort);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  const held = async (): Promise<[number, number]> => [
    (readRssAnon(server.pid) ?? 0) / 1e6,
    (readRssAnon((await server.model('imaging')).pid ?? 0) ?? 0) / 1e6,
  ];
  const begun = performance.now();
  const since = (): number => (performance.now() - begun) / 1000;
  let first: [number, number] | undefined;
  let last: [number, number] = [0, 0];
  const answered = (): number => outcomes.filter(({ status }) => status === 200).length;
  // On a busy machine so few may be answered in the time that nothing would be shown.
  while (since() < seconds || (answered() <= LEAST_ANSWERED && since() < MOST_S)) {
    const kind = pick(KINDS) ?? 'SIGKILL';
    const ms = await disturb(server, kind, pick, leaving);
    if (ms !== null) recovery.get(kind)?.push(ms);
    if (since() > seconds / 4) first ??= await held();
    await delay(200);
  }
  running = false;
  await clients;
  last = await held();
  await until('nobody uses anything', 10_000, async () => (await server.models()).every((m) => (m.in_use ?? 0) === 0));
  const took = since();
  const models = await server.models();
  const known = new Set(models.map(({ pid }) => pid));
  const count = (some: readonly MixedOutcome[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { code } of some) counts[code ?? ''] = (counts[code ?? ''] ?? 0) + 1;
    return counts;
  };
  const isAllowed = (o: MixedOutcome): boolean => ALLOWED.has(o.code ?? '') && o.retryAfter !== null;
  const bad = outcomes.filter((o) => o.status !== 200 && o.code !== 'client left');
  say(`${outcomes.length} requests in ${took.toFixed(0)} s`);
  const [supervisorFirst, imagingFirst] = first ?? last;
  return {
    seconds: took,
    requests: outcomes.length,
    answered: answered(),
    wrong: outcomes.filter(({ wrong }) => wrong).length,
    left: outcomes.filter(({ code }) => code === 'client left').length,
    refused: count(bad.filter(isAllowed)),
    failed: count(bad.filter((o) => !isAllowed(o))),
    recovery,
    memory: { supervisor: [supervisorFirst, last[0]], imaging: [imagingFirst, last[1]] },
    leaked: {
      processes: descendants(server.pid).filter(({ pid }) => !known.has(pid)).length,
      files: openFiles(server.pid) - filesBefore,
      queued: await server.metric('facepool_queue_length'),
      leases: models.reduce((sum, { in_use }) => sum + (in_use ?? 0), 0),
    },
  };
}

/** Milliseconds until it served again; null where nothing was to be disturbed. */
async function disturb(
  server: TestServer,
  kind: Kind,
  pick: <T>(items: readonly T[]) => T | undefined,
  leaving: ReadonlySet<AbortController>,
): Promise<number | null> {
  const begun = performance.now();
  const elapsed = (): number => performance.now() - begun;
  if (kind === 'clients leave') {
    for (const abort of leaving) abort.abort();
    return null;
  }
  if (kind === 'restart' || kind === 'unload' || kind === 'load') {
    const name = (kind === 'restart' ? pick(CHILDREN) : pick(MODELS)) ?? 'detector';
    await server.cli(kind, name);
    return elapsed();
  }
  const name = pick(CHILDREN) ?? 'detector';
  const { pid } = await server.model(name);
  if (pid === null || !isAlive(pid)) return null;
  process.kill(pid, kind);
  await until(`${name} serves again, or is not needed, after ${kind}`, RECOVERY_MS, async () => {
    if (isAlive(pid)) return false;
    const model = await server.model(name);
    return model.pid !== pid && (model.state === 'ready' || model.supervisord_state === 'EXITED');
  });
  return elapsed();
}
