import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ModelCalls, Ticket, WorkerId } from '../../src/contract/protocol.ts';
import { ImagingGoneError, ModelRouter } from '../../src/router/model-router.ts';
import type { InferJob } from '../../src/router/model-router.ts';
import { Child } from '../../src/supervisor/child.ts';
import { ChildGoneError } from '../../src/supervisor/child-gone.ts';
import type { SpawnRequest } from '../../src/supervisor/spawn.ts';
import { counter } from '../../src/util/counter.ts';
import { FakeProcess, settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

function setUp() {
  const crowded = { now: false };
  const clock = new ManualClock();
  let changed = (): void => {};
  let child: Child<ModelCalls> | null = null;
  const computed: number[] = [];
  const router = new ModelRouter(
    {
      name: 'detector',
      readyChild: () => (child?.alive === true ? child : null),
      availability: () => 'ready',
      reason: () => '',
      onChange: (fn) => {
        changed = fn;
      },
    },
    {
      queueLimit: 10,
      maxAttempts: 2,
      clock,
      nextTicket: counter(),
      inferTimeoutMs: 5000,
      onComputed: (ms) => computed.push(ms),
      isCrowded: () => crowded.now,
    },
  );
  const bring = (workerId: WorkerId): FakeProcess => {
    const process = new FakeProcess(workerId, {} as SpawnRequest);
    child = new Child<ModelCalls>(process, workerId, clock);
    child.onSettled = () => changed();
    changed();
    return process;
  };
  const fed: [WorkerId, Ticket][] = [];
  const job = (part: Partial<InferJob> = {}): InferJob => ({
    parts: [{ graph: 'g', shape: [1, 2, 2, 3], count: 1 }],
    feed: async (to, ticket) => {
      fed.push([to, ticket]);
    },
    signal: new AbortController().signal,
    charges: { count: 0 },
    ...part,
  });
  return { router, bring, job, fed, clock, computed, crowded };
}

const OUTPUT = { output: { role: 'detector', faces: [] }, computeMs: 7, waitMs: 0 };

test('the tensors go to the leased worker under the ticket of the call', async () => {
  const { router, bring, job, fed, computed } = setUp();
  const process = bring(3);
  const answer = router.infer(job());
  const call = process.lastCall('infer');
  assert.deepEqual(fed, [[3, (call.params as { ticket: number }).ticket]]);
  process.say({ type: 'result', id: call.id, value: OUTPUT });
  assert.equal((await answer).value.computeMs, 7);
  assert.deepEqual(computed, [7]);
});

test('a worker is told whether others want the cores when its call is sent', async () => {
  const { router, bring, job, crowded } = setUp();
  const process = bring(3);
  const toldOf = (): unknown => (process.lastCall('infer').params as { crowded: unknown }).crowded;
  router.infer(job()).catch(() => {});
  assert.equal(toldOf(), false);
  crowded.now = true;
  router.infer(job()).catch(() => {});
  assert.equal(toldOf(), true);
  const other = setUp();
  other.crowded.now = true;
  const worker = other.bring(3);
  const one = { graph: 'g', shape: [4, 2, 2, 3], count: 1 } as const;
  other.router.infer(other.job({ parts: [one, { ...one, count: 4 }] })).catch(() => {});
  assert.equal((worker.lastCall('infer').params as { crowded: unknown }).crowded, false, 'a batch');
});

test('after a crash the successor is fed again, under another ticket', async () => {
  const { router, bring, job, fed } = setUp();
  const first = bring(3);
  const answer = router.infer(job());
  first.exit({ code: null, signal: 'SIGKILL' });
  await settle();
  const second = bring(4);
  await settle();
  assert.deepEqual(
    fed.map(([to]) => to),
    [3, 4],
  );
  assert.notEqual(fed[0]?.[1], fed[1]?.[1]);
  second.say({ type: 'result', id: second.lastCall('infer').id, value: OUTPUT });
  assert.equal((await answer).value.computeMs, 7);
});

test('a transfer that breaks because the worker dies is the worker’s death, and is retried', async () => {
  const { router, bring, job } = setUp();
  const first = bring(3);
  let feeds = 0;
  const answer = router.infer(
    job({
      feed: async () => {
        if (++feeds === 1) throw new FacepoolError('model_failed', 'link broken');
      },
    }),
  );
  await settle();
  first.exit({ code: null, signal: 'SIGKILL' });
  await settle();
  const second = bring(4);
  await settle();
  second.say({ type: 'result', id: second.lastCall('infer').id, value: OUTPUT });
  await answer;
  assert.equal(feeds, 2);
});

test('a transfer that breaks again and again is the caller’s error, and the calls are abandoned', async () => {
  const { router, bring, job, clock } = setUp();
  const process = bring(3);
  const answer = router.infer(
    job({
      feed: async () => {
        throw new FacepoolError('model_failed', 'link broken');
      },
    }),
  );
  const refused = assert.rejects(answer, /link broken/);
  for (let i = 0; i < 3; i++) {
    await settle();
    clock.advance(500);
  }
  await refused;
  assert.equal(process.sent.filter((m) => m.type === 'abandon').length, 3);
});

test('imaging’s death while feeding goes to the caller, who begins again from the upload', async () => {
  const { router, bring, job } = setUp();
  bring(3);
  const gone = new ChildGoneError({ code: null, signal: 'SIGSEGV', hang: false, asked: false }, true);
  const answer = router.infer(
    job({
      feed: async () => {
        throw gone;
      },
    }),
  );
  await assert.rejects(answer, (e) => e instanceof ImagingGoneError && e.charged && e.cause === gone);
});

test('a probe goes through the same queue', async () => {
  const { router, bring } = setUp();
  const process = bring(3);
  const probe = router.probe(new AbortController().signal);
  process.say({
    type: 'result',
    id: process.lastCall('probe').id,
    value: { passed: true, minCosine: 1, detail: 'ok' },
  });
  assert.equal((await probe).value.passed, true);
});

test('the worker is told which request an inference is for', async () => {
  const { router, bring, job } = setUp();
  const process = bring(7);
  const answer = router.infer(job({ requestId: 'request-7' }));
  await settle();
  const call = process.lastCall('infer');
  assert.equal(call['requestId'], 'request-7');
  process.say({ type: 'result', id: call.id, value: OUTPUT });
  await answer;
});

/** Tensors of imaging process 9, and how often they are held. */
function shared() {
  const tensor = { arena: 9, slot: 0, generation: 1, at: 64, bytes: 12 };
  let held = 0;
  const hold = () => {
    held += 1;
    return () => {
      held -= 1;
    };
  };
  return { tensors: [tensor], hold, held: () => held };
}

test('a worker that reads imaging’s memory is told where the tensors lie, and fed nothing', async () => {
  const { router, bring, job, fed } = setUp();
  const process = bring(3);
  process.say({ type: 'mapped', arena: 9 });
  const { tensors, hold, held } = shared();
  const answer = router.infer(job({ shared: { tensors, hold } }));
  const call = process.lastCall('infer');
  assert.deepEqual((call.params as { shared: unknown }).shared, tensors);
  assert.equal(held(), 1);
  process.say({ type: 'result', id: call.id, value: OUTPUT });
  assert.equal((await answer).value.computeMs, 7);
  assert.equal(held(), 0);
  assert.deepEqual(fed, []);
});

test('one that reads none, or that of another imaging, is fed', async () => {
  const { router, bring, job, fed } = setUp();
  const process = bring(3);
  const { tensors, hold, held } = shared();
  for (const arena of [null, 8]) {
    if (arena !== null) process.say({ type: 'mapped', arena });
    const answer = router.infer(job({ shared: { tensors, hold } }));
    const call = process.lastCall('infer');
    assert.equal((call.params as { shared?: unknown }).shared, undefined);
    process.say({ type: 'result', id: call.id, value: OUTPUT });
    await answer;
  }
  assert.equal(fed.length, 2);
  assert.equal(held(), 0);
});

test('the tensors of a request that was given up are held until the worker is done with them', async () => {
  const { router, bring, job } = setUp();
  const process = bring(3);
  process.say({ type: 'mapped', arena: 9 });
  const { tensors, hold, held } = shared();
  const give = new AbortController();
  const running = router.infer(job({ shared: { tensors, hold }, signal: give.signal }));
  const begun = process.lastCall('infer').id;
  process.say({ type: 'begin', id: begun });
  const waiting = router.infer(job({ shared: { tensors, hold }, signal: give.signal }));
  assert.equal(held(), 2);
  give.abort(new Error('client gone'));
  await Promise.all([assert.rejects(running, /client gone/), assert.rejects(waiting, /client gone/)]);
  assert.equal(held(), 2, 'one runs; the worker has not said that it has dropped the other');
  process.say({ type: 'result', id: process.lastCall('ping').id, value: 1 });
  assert.equal(held(), 1);
  process.say({ type: 'result', id: begun, value: OUTPUT });
  assert.equal(held(), 0);
});

test('the tensors are let go when the worker ends, and held again for its successor', async () => {
  const { router, bring, job } = setUp();
  const first = bring(3);
  first.say({ type: 'mapped', arena: 9 });
  const { tensors, hold, held } = shared();
  const answer = router.infer(job({ shared: { tensors, hold } }));
  first.exit({ code: null, signal: 'SIGKILL' });
  await settle();
  assert.equal(held(), 0);
  const second = bring(4);
  second.say({ type: 'mapped', arena: 9 });
  await settle();
  second.say({ type: 'result', id: second.lastCall('infer').id, value: OUTPUT });
  await answer;
  assert.equal(held(), 0);
});
