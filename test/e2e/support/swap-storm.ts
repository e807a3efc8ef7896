/** Versions change one after the other under constant load, a quarter of them to a broken one; what came of it, as figures. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { descendants } from './proc.ts';
import { Ledger } from './swap-ledger.ts';
import { references, startLoad, type SwapOutcome } from './swap-load.ts';
import { type ServerMemory, serverMemory } from './swap-memory.ts';
import { BUNDLED, MODELS } from './swap-parts.ts';
import { type Plan, planStorm } from './swap-plan.ts';
import { type SwapServer, startSwapServer } from './swap-server.ts';
import { runPlan, type SwapFact, type SwapStage, tidy } from './swap-step.ts';
import { until } from './until.ts';

const CLIENTS = 8;
/** Requests before anything is measured, as a share: what grows with use has grown by then. */
const WARM_UP = 0.25;
/** The first hundreds of pictures grow a process by a fifth, without any swap (docs/reliability.md). */
const LEAST_WARM_UP = 400;
const SETTLE_MS = 60_000;
/** Longer than a trial takes on a busy machine: the way back is to be a warm one. */
const KEEP_WARM_MS = 15_000;
const LEAST_STEADY = 12;
const TRIAL_REQUESTS = 40;

export type StormOptions = {
  /** 0: the same requests while nothing changes. */
  readonly swaps: number;
  /** At least so many, while nothing changes and while something does. */
  readonly requests: number;
  readonly seed: number;
  readonly plan?: readonly Plan[] | undefined;
  /** Answers while a canary or shadow is on trial; default 40. */
  readonly trialRequests?: number | undefined;
  /** Answers before memory is measured, at least; default 400. */
  readonly warmUp?: number | undefined;
};

export type PhaseName = 'steady' | SwapStage;
export type StormResult = {
  readonly seconds: number;
  readonly requests: number;
  readonly failed: readonly string[];
  readonly wrong: readonly string[];
  readonly strangers: readonly string[];
  readonly swaps: readonly SwapFact[];
  /** Milliseconds of the requests of each phase. One that lay in two is in the later one of `PHASES`. */
  readonly latency: ReadonlyMap<PhaseName, readonly number[]>;
  /** Before and after. */
  readonly memory: readonly [ServerMemory, ServerMemory];
  /** Files that were left in the place where uploads are received. */
  readonly leftInStaging: readonly string[];
};

export const PHASES: readonly PhaseName[] = ['steady', 'staging', 'trial', 'swap'];

export async function swapStorm(options: StormOptions, say: (line: string) => void): Promise<StormResult> {
  const settings = {
    // Versions go back when the storm says so; how they go back by themselves is another test.
    rollout: { keep_warm_ms: KEEP_WARM_MS, retries: 1, p99_ratio: 1000 },
    workers: { start_timeout_ms: 6000, start_retries: 1 },
    // The last hour of every version that there was (0.27 MB each) would hide what else grows.
    history: { enabled: false, memory_s: 60 },
  };
  const server = await startSwapServer(settings);
  try {
    return await storm(server, options, say);
  } finally {
    await server.stop();
  }
}

async function storm(
  server: SwapServer,
  {
    swaps,
    requests,
    seed,
    plan = planStorm(swaps, seed),
    trialRequests = TRIAL_REQUESTS,
    warmUp: leastWarmUp = LEAST_WARM_UP,
  }: StormOptions,
  say: (line: string) => void,
): Promise<StormResult> {
  const { admin, factory } = server;
  const ledger = new Ledger(BUNDLED, () => performance.now());
  const looks = new Map(MODELS.map((model) => [BUNDLED[model], 'plain' as const]));
  const known = await references(server);
  const windows: { readonly phase: PhaseName; readonly from: number; readonly until: number }[] = [];
  const during = async <T>(phase: PhaseName, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    try {
      return await work();
    } finally {
      windows.push({ phase, from, until: performance.now() });
    }
  };
  const lookOf = (version: string): 'plain' | 'strict' => {
    const look = looks.get(version);
    if (look === undefined) throw new Error(`nobody made the version ${version}`);
    return look;
  };
  const startClients = (): ReturnType<typeof startLoad> => startLoad(server, CLIENTS, known, ledger, lookOf);

  const warmUp = startClients();
  await warmUp.more(Math.max(leastWarmUp, Math.ceil(requests * WARM_UP)));
  await warmUp.stop();
  const quiet = async (): Promise<ServerMemory> => {
    await until('nobody uses anything', SETTLE_MS, async () => (await server.models()).every((m) => !m.in_use));
    return serverMemory(server.pid);
  };
  const before = await quiet();

  const begun = performance.now();
  const load = startClients();
  const facts: SwapFact[] = [];
  const stable = new Map(MODELS.map((model) => [model, BUNDLED[model]]));
  const steady = Math.max(LEAST_STEADY, Math.ceil(requests / Math.max(1, plan.length) / 2));
  try {
    const context = { server, admin, factory, ledger, load, looks, stable, during, trialRequests };
    await during('steady', () => load.more(steady));
    for (const [i, one] of plan.entries()) {
      const fact = await runPlan(context, one);
      facts.push(fact);
      say(`${i + 1}/${plan.length} ${one.model}: ${one.fault ?? one.kind}: ${fact.end}, ${fact.ms.toFixed(0)} ms`);
      await during('steady', () => load.more(steady));
      await tidy(context, one.model);
    }
    while (load.outcomes.length < requests) await during('steady', () => load.more(steady));
  } finally {
    await load.stop();
  }
  const seconds = (performance.now() - begun) / 1000;
  await until('old versions have gone', SETTLE_MS, () => descendants(server.pid).length + 1 <= before.processes);
  const after = await quiet();
  const told = (pick: (outcome: SwapOutcome) => string | null): string[] =>
    load.outcomes.flatMap((outcome) => {
      const what = pick(outcome);
      return what === null ? [] : [`${outcome.route}: ${what}`];
    });
  return {
    seconds,
    requests: load.outcomes.length,
    failed: told(({ failed }) => failed),
    wrong: told(({ wrong }) => wrong),
    strangers: told(({ stranger }) => stranger),
    swaps: facts,
    latency: latencies(load.outcomes, windows),
    memory: [before, after],
    leftInStaging: filesUnder(path.join(server.dataDir, 'staging')),
  };
}

/** Each request belongs to what went on while it ran; what disturbs most counts. */
function latencies(
  outcomes: readonly SwapOutcome[],
  windows: readonly { readonly phase: PhaseName; readonly from: number; readonly until: number }[],
): Map<PhaseName, number[]> {
  const found = new Map<PhaseName, number[]>(PHASES.map((phase) => [phase, []]));
  for (const { sent, received } of outcomes) {
    const touched = windows.filter(({ from, until }) => sent < until && received > from).map(({ phase }) => phase);
    const phase = PHASES.findLast((one) => touched.includes(one));
    if (phase !== undefined) found.get(phase)?.push(received - sent);
  }
  return found;
}

function filesUnder(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir, { recursive: true }).map(String) : [];
}
