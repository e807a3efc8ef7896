/** One swap of a storm: what is asked, what may answer meanwhile, and how it has to end. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Swap, VersionsAnswer } from '../../../src/contract/rollout.ts';
import { isAlive } from './process.ts';
import { modelWorkers } from './proc.ts';
import type { TestServer } from './server.ts';
import type { Answered, SwapAdmin } from './swap-admin.ts';
import { type FileFault, isFileFault, type ProcessFault } from './swap-faults.ts';
import type { Ledger } from './swap-ledger.ts';
import type { SwapLoad } from './swap-load.ts';
import type { Look, ModelName } from './swap-parts.ts';
import { type Plan, strategyOf } from './swap-plan.ts';
import type { MadeVersion, VersionFactory } from './swap-versions.ts';

/** `trial`: a canary or shadow serves beside the stable version. */
export type SwapStage = 'staging' | 'swap' | 'trial';

export type StormContext = {
  readonly server: TestServer;
  readonly admin: SwapAdmin;
  readonly factory: VersionFactory;
  readonly ledger: Ledger;
  readonly load: SwapLoad;
  /** Of every version that was made. */
  readonly looks: Map<string, Look>;
  /** Model → what has to be stable. */
  readonly stable: Map<ModelName, string>;
  /** Answers while a version is on trial. */
  readonly trialRequests: number;
  readonly during: <T>(phase: SwapStage, work: () => Promise<T>) => Promise<T>;
};

export type SwapFact = {
  readonly plan: Plan;
  /** State of the swap, or `refused: <code>` where it did not begin. */
  readonly end: string;
  readonly reason: string;
  /** From the order until it was over, or live. */
  readonly ms: number;
  /** Of the way back, until nobody new gets the version. */
  readonly backMs: number | null;
  readonly drift: VersionsAnswer['drift'];
};

const ROLLBACK_MS = 1000;
const WATCH_MS = 10;
/** What registering finds in the files alone. */
const FOUND_AT_STAGING: ReadonlySet<FileFault> = new Set<FileFault>([
  'wrong sha256',
  'truncated graph',
  'random bytes',
  'unknown operator',
  'missing output',
  'missing weights',
  'another role',
  'unreadable manifest',
]);

export async function runPlan(context: StormContext, plan: Plan): Promise<SwapFact> {
  const { admin, looks, stable } = context;
  const { model, fault } = plan;
  if (fault !== null && isFileFault(fault) && FOUND_AT_STAGING.has(fault)) await refusedUpload(context, model, fault);
  const made = await makeVersion(context, plan);
  looks.set(made.version, made.look);
  const fact = fault === null ? await soundSwap(context, plan, made) : await brokenSwap(context, plan, made);
  const now = await admin.versions(model);
  assert.equal(now.stable, stable.get(model), `${model}: ${plan.kind}, ${fault ?? 'sound'}: stable`);
  assert.deepEqual([now.canary, now.shadow, now.swap], [null, null, null]);
  return fact;
}

async function makeVersion({ admin, factory, during }: StormContext, plan: Plan): Promise<MadeVersion> {
  const { model, look, source, fault } = plan;
  if (fault !== null) return factory.broken(model, fault);
  if (source !== 'upload') return factory.sound(model, look, source === 'own weights');
  const { made, form } = await factory.upload(model, look);
  const answer = await during('staging', () => admin.upload(model, form));
  assert.ok(answer.ok, `an upload was refused: ${answer.ok ? '' : answer.refusal.detail}`);
  return made;
}

async function refusedUpload(
  { admin, factory, during }: StormContext,
  model: ModelName,
  fault: FileFault,
): Promise<void> {
  const { made, form } = await factory.upload(model, 'plain', fault);
  const answer = await during('staging', () => admin.upload(model, form));
  assert.ok(!answer.ok, `an upload with a fault was taken: ${fault}`);
  const known = await admin.versions(model);
  assert.ok(!known.versions.some(({ version }) => version === made.version), `half of it was registered: ${fault}`);
}

async function soundSwap(context: StormContext, plan: Plan, { version, look }: MadeVersion): Promise<SwapFact> {
  const { admin, ledger, stable, looks, during } = context;
  const { model, kind, percent } = plan;
  const old = stable.get(model) ?? '';
  const strategy = strategyOf(kind);
  if (strategy !== 'shadow') ledger.open(model, version);
  const wish = { version, strategy, auto_rollback: false, why: 'storm', ...(strategy !== 'immediate' && { percent }) };
  const [answer, ms] = await timed(() => during('swap', () => admin.swap(model, wish)));
  const swap = swapOf(answer);
  const fact = { plan, end: swap.state, reason: swap.reason, ms, backMs: null, drift: null };
  if (strategy === 'immediate') {
    assert.equal(swap.state, 'done', swap.reason);
    ledger.close(model, old);
    stable.set(model, version);
    if (kind === 'immediate') return fact;
    await context.load.more(context.trialRequests);
    return { ...fact, ...(await goBack(context, model, old, version)) };
  }
  assert.equal(swap.state, 'live', swap.reason);
  const drift = await trial(context, plan, version);
  if (drift !== null && look === looks.get(old)) {
    assert.deepEqual([drift.differing, drift.failed], [0, 0], 'a shadow that answers the same is found to differ');
  }
  if (kind.endsWith('promoted')) {
    if (strategy === 'shadow') ledger.open(model, version);
    const promoted = swapOf(await during('swap', () => admin.promote(model)));
    assert.equal(promoted.state, 'done', promoted.reason);
    ledger.close(model, old);
    stable.set(model, version);
    return { ...fact, end: promoted.state, drift };
  }
  const [back, backMs] = await timed(() => during('swap', () => admin.rollback(model)));
  assert.equal(swapOf(back).state, 'rolled_back');
  if (strategy === 'canary') ledger.close(model, version);
  return { ...fact, end: 'rolled_back', backMs, drift };
}

/** A canary or shadow serves for a while; everybody who asks meanwhile gets what the share says. */
async function trial(
  { admin, ledger, load, during, trialRequests }: StormContext,
  plan: Plan,
  version: string,
): Promise<VersionsAnswer['drift']> {
  const { model, percent } = plan;
  const isCanary = strategyOf(plan.kind) === 'canary';
  if (isCanary) ledger.split(model, { canary: version, percent });
  await during('trial', () => load.more(trialRequests));
  if (isCanary) ledger.split(model, null);
  return isCanary ? null : (await admin.versions(model)).drift;
}

async function goBack(
  { admin, ledger, stable, during }: StormContext,
  model: ModelName,
  old: string,
  version: string,
): Promise<{ readonly backMs: number }> {
  ledger.open(model, old);
  const asked = Date.now();
  const swap = swapOf(await during('swap', () => admin.rollback(model)));
  assert.equal(swap.state, 'done');
  // Requests that the other version has begun it also ends; nobody new gets it from the switch on.
  const step = swap.steps.find((one) => one.step === 'switch');
  const backMs = Date.parse(step?.at ?? '') + (step?.ms ?? 0) - asked;
  assert.ok(backMs < ROLLBACK_MS, `the way back took ${backMs.toFixed(0)} ms`);
  ledger.close(model, version);
  stable.set(model, old);
  return { backMs };
}

/** Nobody may ever be answered by it. */
async function brokenSwap(context: StormContext, plan: Plan, { version }: MadeVersion): Promise<SwapFact> {
  const { admin, server, during } = context;
  const { model, kind, fault, percent } = plan;
  const strategy = strategyOf(kind);
  const wish = { version, strategy, auto_rollback: false, why: 'storm', ...(strategy !== 'immediate' && { percent }) };
  const trouble = fault !== null && !isFileFault(fault) ? troubleFor(server, fault) : null;
  const [answer, ms] = await timed(() => during('swap', () => admin.swap(model, wish)));
  await trouble?.stop();
  const fact = { plan, ms, backMs: null, drift: null };
  if (!answer.ok) return { ...fact, end: `refused: ${answer.refusal.code}`, reason: answer.refusal.detail };
  assert.equal(answer.value.state, 'failed', `a version with a fault was taken: ${fault}`);
  return { ...fact, end: 'failed', reason: answer.value.reason };
}

/** Every model process that begins from now on is killed, or stopped. */
function troubleFor(server: TestServer, fault: ProcessFault): { readonly stop: () => Promise<void> } {
  const spared = new Set(modelWorkers(server.pid));
  let running = true;
  const watching = (async () => {
    while (running) {
      for (const pid of modelWorkers(server.pid)) {
        if (spared.has(pid) || !isAlive(pid)) continue;
        spared.add(pid);
        process.kill(pid, fault === 'killed while it loads' ? 'SIGKILL' : 'SIGSTOP');
      }
      await delay(WATCH_MS);
    }
  })();
  return {
    async stop() {
      running = false;
      await watching;
    },
  };
}

/** Versions that no alias means any more are forgotten, as an operator would. */
export async function tidy({ admin, factory }: StormContext, model: ModelName): Promise<void> {
  const { versions } = await admin.versions(model);
  for (const { version, aliases, source } of versions) {
    if (source !== 'staged' || aliases.length > 0) continue;
    const answer = await admin.remove(model, version);
    assert.ok(answer.ok, `${version} cannot be forgotten: ${answer.ok ? '' : answer.refusal.detail}`);
    factory.remove({ model, version });
  }
}

function swapOf(answer: Answered<Swap>): Swap {
  assert.ok(answer.ok, answer.ok ? '' : `refused: ${answer.refusal.code}: ${answer.refusal.detail}`);
  return answer.value;
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const begun = performance.now();
  const result = await work();
  return [result, performance.now() - begun];
}
