import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { leasedInfer } from '../../src/router/leased-infer.ts';
import type { InferJob } from '../../src/router/model-router.ts';
import { settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const OUTPUT = { output: { role: 'detector' as const, faces: [] }, computeMs: 1, waitMs: 0 };
const ENTRY = { name: 'detector', device: 'cpu' };

function setUp(outcomes: (FacepoolError | 'ok')[], cold = false) {
  const clock = new ManualClock();
  const log: string[] = [];
  const counted: string[] = [];
  const residency = {
    acquire: async (_name: string, _signal: AbortSignal, admitted?: boolean) => {
      log.push(admitted === true ? 'acquire admitted' : 'acquire');
      return { waitedMs: 30, cold, release: () => void log.push('release') };
    },
    pressure: (device: string) => {
      log.push(`pressure ${device}`);
    },
  };
  const router = {
    infer: async () => {
      const outcome = outcomes.shift();
      if (outcome !== 'ok') throw outcome ?? new Error('asked too often');
      return { value: OUTPUT, queueMs: 5 };
    },
  };
  const job: InferJob = {
    parts: [],
    feed: async () => {},
    signal: new AbortController().signal,
    charges: { count: 0 },
  };
  const infer = (part: Partial<InferJob> = {}) =>
    leasedInfer(
      {
        residency,
        clock,
        oomRetryMs: 1000,
        onColdStart: (model) => void counted.push(`cold ${model}`),
        onOomRetry: (model) => void counted.push(`retry ${model}`),
      },
      ENTRY,
      router,
      { ...job, ...part },
    );
  return { clock, log, counted, infer };
}

const full = (): FacepoolError => new FacepoolError('memory_exhausted', 'BFCArena');

test('an inference is made under a lease, and the wait for it is told', async () => {
  const { infer, log } = setUp(['ok']);
  assert.equal((await infer()).queueMs, 35);
  assert.deepEqual(log, ['acquire', 'release']);
});

test('the lease is given back whatever fails', async () => {
  const { infer, log } = setUp([new FacepoolError('model_failed', 'NaN')]);
  await assert.rejects(infer({ admitted: true }), /NaN/);
  assert.deepEqual(log, ['acquire admitted', 'release']);
});

test('out of memory in a run: the lease goes first, idle models make room, one retry after a wait', async () => {
  const { infer, log, clock } = setUp([full(), 'ok']);
  const answer = infer();
  await settle();
  assert.deepEqual(log, ['acquire', 'release', 'pressure cpu']);
  clock.advance(1000);
  assert.equal((await answer).queueMs, 65);
  assert.deepEqual(log.slice(3), ['acquire admitted', 'release']);
});

test('out of memory twice is refused, with a time to come again', async () => {
  const { infer, clock } = setUp([full(), full()]);
  const refused = assert.rejects(
    infer(),
    (e) => e instanceof FacepoolError && e.code === 'memory_exhausted' && e.retryAfterS === 1,
  );
  await settle();
  clock.advance(1000);
  await refused;
});

test('who leaves while it waits for the retry is not held', async () => {
  const abort = new AbortController();
  const { infer, log } = setUp([full()]);
  const answer = infer({ signal: abort.signal });
  const left = assert.rejects(answer, /left/);
  await settle();
  abort.abort(new Error('left'));
  await left;
  assert.equal(log.filter((l) => l === 'acquire').length, 1);
});

test('a request that found its model not loaded is a cold start, once, its further batches are not', async () => {
  const warm = setUp(['ok']);
  await warm.infer();
  assert.deepEqual(warm.counted, []);
  const { infer, counted, clock } = setUp([full(), 'ok', 'ok'], true);
  const answer = infer();
  await settle();
  clock.advance(1000);
  await answer;
  await infer({ admitted: true });
  assert.deepEqual(counted, ['cold detector', 'retry detector']);
});
