import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { RunQueue } from '../../workers/run-queue.ts';

type Job = { readonly run: () => Promise<void>; readonly finish: () => void };

function job(name: string, log: string[]): Job {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    run: async () => {
      log.push(`${name} begins`);
      await promise;
      log.push(`${name} ends`);
    },
    finish: resolve,
  };
}

test('one at a time, in order', async () => {
  const log: string[] = [];
  const queue = new RunQueue();
  const [a, b] = [job('a', log), job('b', log)];
  queue.push(a.run);
  queue.push(b.run);
  b.finish();
  await turn();
  assert.deepEqual(log, ['a begins']);
  a.finish();
  await turn();
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends']);
});

test('a removed job is never begun; an idle queue begins at once', async () => {
  const log: string[] = [];
  const queue = new RunQueue();
  const [a, b, c] = [job('a', log), job('b', log), job('c', log)];
  queue.push(a.run);
  queue.push(b.run);
  queue.remove(b.run);
  queue.remove(c.run);
  a.finish();
  await turn();
  queue.push(c.run);
  assert.deepEqual(log, ['a begins', 'a ends', 'c begins']);
  c.finish();
});

test('close waits for what has begun and drops the rest', async () => {
  const log: string[] = [];
  const queue = new RunQueue();
  const [a, b] = [job('a', log), job('b', log)];
  queue.push(a.run);
  queue.push(b.run);
  let closed = false;
  const closing = queue.close().then(() => (closed = true));
  await turn();
  assert.equal(closed, false);
  a.finish();
  await closing;
  queue.push(b.run);
  await turn();
  assert.deepEqual(log, ['a begins', 'a ends']);
  await new RunQueue().close();
});
