import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ModelCalls } from '../../src/contract/protocol.ts';
import { BrokenAnswerError } from '../../src/router/broken-answer.ts';
import { Dispatcher } from '../../src/router/dispatcher.ts';
import type { Job } from '../../src/router/dispatcher.ts';
import { Child } from '../../src/supervisor/child.ts';
import type { Availability } from '../../src/supervisor/role.ts';
import type { SpawnRequest } from '../../src/supervisor/spawn.ts';
import { FakeProcess, settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

type Setup = { queueLimit?: number; maxAttempts?: number; slots?: number };

/** A target whose process the test replaces. */
function setUp(options: Setup = {}) {
  const clock = new ManualClock();
  const outcomes: string[] = [];
  let changed = (): void => {};
  const target = { child: null as Child<ModelCalls> | null, availability: 'coming' as Availability };
  const dispatcher = new Dispatcher<ModelCalls>(
    {
      name: 'detector',
      readyChild: () => (target.child?.alive === true ? target.child : null),
      availability: () => target.availability,
      reason: () => 'because',
      onChange: (fn) => {
        changed = fn;
      },
    },
    {
      queueLimit: options.queueLimit ?? 10,
      maxAttempts: options.maxAttempts ?? 2,
      clock,
      onOutcome: (result) => outcomes.push(result),
    },
    (child) => child.busy < (options.slots ?? 2),
  );
  const bring = (): FakeProcess => {
    const process = new FakeProcess(1, {} as SpawnRequest);
    const child = new Child<ModelCalls>(process, 1, clock);
    child.onSettled = () => changed();
    target.child = child;
    target.availability = 'ready';
    changed();
    return process;
  };
  const set = (availability: Availability): void => {
    target.availability = availability;
    changed();
  };
  const job = (signal: AbortSignal = new AbortController().signal): Job<ModelCalls, string> => ({
    signal,
    charges: { count: 0 },
    run: async (child) => (await child.call('probe', {}, { signal })).detail,
  });
  return { dispatcher, bring, set, job, clock, outcomes };
}

function answer(process: FakeProcess, index: number, detail: string): void {
  const { id } = process.sent.filter((m) => m.type === 'probe')[index] ?? {};
  process.say({ type: 'result', id, value: { passed: true, minCosine: 1, detail } });
}

const probes = (process: FakeProcess): number => process.sent.filter((m) => m.type === 'probe').length;

test('requests wait for a process that is coming, and two at a time are with it', async () => {
  const { dispatcher, bring, job, clock } = setUp();
  const answers = [job(), job(), job()].map((j) => dispatcher.submit(j));
  assert.equal(dispatcher.queueLength, 3);
  clock.advance(100);
  const process = bring();
  assert.equal(probes(process), 2);
  answer(process, 0, 'a');
  assert.deepEqual(await answers[0], { value: 'a', queueMs: 100 });
  assert.equal(probes(process), 3, 'the freed place was given on at once');
  answer(process, 1, 'b');
  answer(process, 2, 'c');
  assert.equal((await answers[1])?.value, 'b');
  assert.equal((await answers[2])?.value, 'c');
});

test('one more than the queue holds is refused with queue_full and when to come again', async () => {
  const { dispatcher, job } = setUp({ queueLimit: 1 });
  void dispatcher.submit(job());
  await assert.rejects(
    dispatcher.submit(job()),
    (e) => e instanceof FacepoolError && e.code === 'queue_full' && e.retryAfterS === 1,
  );
});

for (const [availability, code] of [
  ['missing', 'model_missing'],
  ['stopped', 'model_stopped'],
  ['failed', 'model_failed'],
  ['no_memory', 'memory_exhausted'],
] as const) {
  test(`a process that is ${availability} refuses with ${code}, and so do those who wait for it`, async () => {
    const { dispatcher, set, job } = setUp();
    const waiting = dispatcher.submit(job());
    set(availability);
    const isCode = (e: unknown): boolean => e instanceof FacepoolError && e.code === code;
    await assert.rejects(waiting, isCode);
    await assert.rejects(dispatcher.submit(job()), isCode);
    assert.equal(dispatcher.queueLength, 0);
  });
}

test('a kill from outside loses nothing: what was with the process goes first with its successor, uncharged', async () => {
  const { dispatcher, bring, job, outcomes } = setUp();
  const jobs = [job(), job(), job()];
  const answers = jobs.map((j) => dispatcher.submit(j));
  for (let round = 0; round < 5; round++) {
    const process = bring();
    process.say({ type: 'begin', id: process.sent[0]?.['id'] });
    process.exit({ code: null, signal: 'SIGKILL' });
    await settle();
    assert.equal(dispatcher.queueLength, 3);
  }
  assert.deepEqual(
    jobs.map((j) => j.charges.count),
    [0, 0, 0],
  );
  const process = bring();
  answer(process, 0, 'a');
  answer(process, 1, 'b');
  await settle();
  answer(process, 2, 'c');
  assert.deepEqual(
    (await Promise.all(answers)).map((a) => a.value),
    ['a', 'b', 'c'],
  );
  assert.deepEqual(
    outcomes.filter((o) => o !== 'retried'),
    ['ok', 'ok', 'ok'],
  );
});

test('a request that crashes its worker twice is refused as poison; the one beside it is served', async () => {
  const { dispatcher, bring, job } = setUp();
  const poison = dispatcher.submit(job());
  const innocent = dispatcher.submit(job());
  const refused = assert.rejects(poison, (e) => e instanceof FacepoolError && e.code === 'poison_input');
  for (let round = 0; round < 2; round++) {
    const process = bring();
    process.say({ type: 'begin', id: process.sent[0]?.['id'] });
    process.exit({ code: null, signal: 'SIGSEGV' });
    await settle();
  }
  await refused;
  const process = bring();
  answer(process, 0, 'fine');
  assert.equal((await innocent).value, 'fine');
});

test('who gives up while waiting leaves the queue; while leased, the answer is dropped', async () => {
  const { dispatcher, bring, job, outcomes } = setUp();
  const waiting = new AbortController();
  const leased = new AbortController();
  const first = dispatcher.submit(job(leased.signal));
  const second = dispatcher.submit(job(waiting.signal));
  waiting.abort(new Error('left the queue'));
  await assert.rejects(second, /left the queue/);
  assert.equal(dispatcher.queueLength, 1);
  const process = bring();
  leased.abort(new Error('left the worker'));
  await assert.rejects(first, /left the worker/);
  assert.equal(process.lastCall('abandon').id, process.lastCall('probe').id);
  assert.deepEqual(outcomes, ['abandoned', 'abandoned']);
  await assert.rejects(dispatcher.submit(job(waiting.signal)), /left the queue/);
});

test('an error that the worker answers is given to the caller and retried by nobody', async () => {
  const { dispatcher, bring, job, outcomes } = setUp();
  const process = bring();
  const call = dispatcher.submit(job());
  process.say({ type: 'error', id: process.lastCall('probe').id, error: { code: 'model_failed', message: 'NaN' } });
  await assert.rejects(call, /NaN/);
  assert.deepEqual(outcomes, ['error']);
  assert.equal(probes(process), 1);
});

test('the other batches of a request that was let in are not refused for length', async () => {
  const { dispatcher, bring, job } = setUp({ queueLimit: 1 });
  const first = dispatcher.submit(job());
  await assert.rejects(dispatcher.submit(job()), { code: 'queue_full' });
  const second = dispatcher.submit({ ...job(), admitted: true });
  assert.equal(dispatcher.queueLength, 2);
  const process = bring();
  answer(process, 0, 'a');
  answer(process, 1, 'b');
  assert.deepEqual([(await first).value, (await second).value], ['a', 'b']);
});

test('a broken answer is tried again with the successor, then told as the model’s failure; nobody is charged', async () => {
  const { dispatcher, bring, job, outcomes } = setUp();
  bring();
  const broken = (fails: number): Job<ModelCalls, string> => {
    let runs = 0;
    return {
      ...job(),
      run: async () => {
        runs += 1;
        if (runs <= fails) throw new BrokenAnswerError('nonsense');
        return 'sound';
      },
    };
  };
  assert.equal((await dispatcher.submit(broken(1))).value, 'sound');
  const hopeless = broken(9);
  await assert.rejects(dispatcher.submit(hopeless), (e) => e instanceof FacepoolError && e.code === 'model_failed');
  assert.equal(hopeless.charges.count, 0);
  assert.deepEqual(outcomes, ['retried', 'ok', 'retried', 'error']);
});

test('a worker that dies for want of memory: tried again, then memory_exhausted and no blame', async () => {
  const { dispatcher, bring, job } = setUp();
  const request = job();
  const refused = assert.rejects(
    dispatcher.submit(request),
    (e) => e instanceof FacepoolError && e.code === 'memory_exhausted' && e.retryAfterS === 1,
  );
  for (let i = 0; i < 2; i++) {
    const process = bring();
    process.say({ type: 'begin', id: process.lastCall('probe').id });
    process.exit({ code: null, signal: 'SIGABRT', outOfMemory: true });
    await settle();
  }
  await refused;
  assert.equal(request.charges.count, 0);
});
