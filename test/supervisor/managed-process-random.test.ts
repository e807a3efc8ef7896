/** The life of a process under random histories: operators, crashes and slow answers in any order end in the last wish. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { TestContext } from 'node:test';
import type { ModelCalls } from '../../src/contract/protocol.ts';
import { ManagedProcess } from '../../src/supervisor/managed-process.ts';
import type { Role } from '../../src/supervisor/role.ts';
import { WorkerLog } from '../../src/supervisor/worker-log.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { counter } from '../../src/util/counter.ts';
import { type FakeProcess, fakeSpawner } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { picker, ticks } from '../fixtures/random.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const RUNS = 1500;
const STEPS = 60;

type Preparation = Awaited<ReturnType<Role<ModelCalls, null>['prepare']>>;

async function history(seed: number, log: WorkerLog): Promise<void> {
  const { chance, pick, below } = picker(seed);
  const clock = new ManualClock();
  const events = createEvents();
  const breaches: string[] = [];
  const preparing: PromiseWithResolvers<Preparation>[] = [];
  let orderly = false;
  let wanted = 'down' as 'up' | 'down';

  const behave = (fake: FakeProcess): void => {
    fake.onSent = (message) => {
      if (!orderly) return;
      if (message.type === 'load') fake.say({ type: 'result', id: message.id, value: {} });
      if (message.type === 'stop') fake.exit({ code: 0, signal: null });
    };
    if (orderly) queueMicrotask(() => fake.hello());
  };
  const spawner = fakeSpawner((fake) => {
    if (spawner.made.some((other) => other !== fake && !other.dead)) breaches.push('two processes at once');
    if (!orderly && chance(0.5)) fake.onSignal = (signal) => signal === 'SIGKILL' && fake.exit({ code: null, signal });
    behave(fake);
  });
  const role: Role<ModelCalls, null> = {
    name: 'detector',
    version: 'v1',
    entry: new URL('file:///none.ts'),
    env: {},
    uploadPipe: false,
    proof: 'it says so',
    prepare: () => {
      if (orderly) return Promise.resolve({ ok: true, value: null });
      const gate = Promise.withResolvers<Preparation>();
      preparing.push(gate);
      return gate.promise;
    },
    boot: async (child, _prepared, warming) => {
      child.onProgress = warming;
      await child.call('load', {} as ModelCalls['load']['params']);
    },
  };
  const process = new ManagedProcess(role, log, {
    spawn: spawner.spawn,
    clock,
    events,
    random: () => 0.5,
    nextWorkerId: counter(),
    startTimeoutMs: 30_000,
    stopWaitMs: 30_000,
    startRetries: 1,
  });
  process.onChange = () => {
    const ready = process.readyChild;
    if (ready !== null && (!ready.alive || process.state.state !== 'ready')) breaches.push('leased while not ready');
  };

  /** Every wish of an operator; it must be settled in the end, and never with an error. */
  const wishes: { readonly what: string; settled: boolean }[] = [];
  const wish = (what: 'start' | 'stop' | 'restart'): void => {
    const entry = { what, settled: false };
    wishes.push(entry);
    wanted = what === 'stop' ? 'down' : 'up';
    process[what]().then(
      () => {
        entry.settled = true;
      },
      (error: unknown) => breaches.push(`${what} failed: ${String(error)}`),
    );
  };
  const live = (): FakeProcess | undefined => spawner.made.find((fake) => !fake.dead);
  const steps: readonly (readonly [weight: number, step: () => void])[] = [
    [8, () => wish('start')],
    [6, () => wish('stop')],
    [6, () => wish('restart')],
    [14, () => preparing.shift()?.resolve({ ok: true, value: null })],
    [1, () => preparing.shift()?.resolve({ ok: false, missing: 'no weights' })],
    [1, () => preparing.shift()?.reject(new Error('disk'))],
    [14, () => live()?.hello()],
    [2, () => live()?.hello(99)],
    [4, () => live()?.say({ type: 'progress', phase: 'warm' })],
    [
      14,
      () => {
        const load = live()?.sent.findLast((m) => m.type === 'load');
        if (load !== undefined) live()?.say({ type: 'result', id: load.id, value: {} });
      },
    ],
    [
      2,
      () => {
        const load = live()?.sent.findLast((m) => m.type === 'load');
        const error = { code: 'model_failed', message: 'no' };
        if (load !== undefined) live()?.say({ type: 'error', id: load.id, error });
      },
    ],
    [3, () => void process.readyChild?.call('probe', {}, { runTimeoutMs: 5000 }).catch(() => {})],
    [
      3,
      () => {
        const probe = live()?.sent.findLast((m) => m.type === 'probe');
        if (probe === undefined) return;
        live()?.say({ type: 'begin', id: probe.id });
        if (chance(0.7)) live()?.say({ type: 'result', id: probe.id, value: null });
      },
    ],
    [4, () => live()?.exit({ code: null, signal: pick(['SIGSEGV', 'SIGKILL', 'SIGTERM'] as const) ?? 'SIGSEGV' })],
    [3, () => live()?.exit({ code: pick([0, 1, 86]) ?? 0, signal: null })],
    [8, () => clock.advance(pick([0, 500, 2000, 5000, 30_000]) ?? 0)],
    [2, () => process.child?.kill('SIGKILL')],
  ];
  const total = steps.reduce((sum, [weight]) => sum + weight, 0);
  for (let i = 0; i < STEPS; i++) {
    let at = below(total);
    steps.find(([weight]) => (at -= weight) < 0)?.[1]();
    if (chance(0.7)) await ticks();
  }

  // From here on everything does what it should; whatever was late comes now.
  orderly = true;
  for (const fake of spawner.made) behave(fake);
  for (const gate of preparing) gate.resolve({ ok: true, value: null });
  await ticks();
  // Missing weights are a person's to bring.
  if (process.state.state === 'missing' && wanted === 'up') wish('start');
  for (let i = 0; i < 12; i++) {
    live()?.hello();
    await ticks();
    clock.advance(61_000);
    await ticks();
  }

  assert.deepEqual(breaches, []);
  assert.equal(process.state.state, wanted === 'up' ? 'ready' : 'stopped');
  assert.equal(process.availability, wanted === 'up' ? 'ready' : 'stopped');
  assert.equal(spawner.made.filter((fake) => !fake.dead).length, wanted === 'up' ? 1 : 0);
  assert.deepEqual(
    wishes.filter((w) => !w.settled),
    [],
    'nobody waits for ever',
  );
  assert.equal(process.child === null, wanted === 'down');
  assert.equal(clock.pending, 0, 'no timer is left');
}

test(`${RUNS} random histories`, async (t: TestContext) => {
  const log = new WorkerLog(`${tempDir(t)}/detector.log`, { maxBytes: 1000, files: 1 });
  t.after(() => log.destroy());
  for (let seed = 1; seed <= RUNS; seed++) {
    await history(seed, log).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
});
