import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget } from '../../../workers/imaging/byte-budget.ts';

const never = new AbortController().signal;
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what fits is granted at once, what does not waits for its turn in order', async () => {
  const budget = new ByteBudget(100);
  const order: string[] = [];
  const first = await budget.acquire(80, never);
  const large = budget.acquire(90, never).then((h) => (order.push('large'), h));
  const small = budget.acquire(10, never).then((h) => (order.push('small'), h));
  await turns();
  assert.deepEqual(order, [], 'the small one does not overtake the large one');
  assert.equal(budget.waiting, 2);
  first.release();
  const holding = await large;
  await small;
  assert.deepEqual(order, ['large', 'small']);
  assert.equal(budget.held, 100);
  holding.release();
  (await small).release();
  assert.equal(budget.held, 0);
});

test('an abandoned wait leaves the line, takes nothing and lets the next one through', async () => {
  const budget = new ByteBudget(100);
  const first = await budget.acquire(60, never);
  const abort = new AbortController();
  const waits = budget.acquire(90, abort.signal);
  const next = budget.acquire(40, never);
  const reason = new Error('abandoned');
  abort.abort(reason);
  await assert.rejects(waits, reason);
  (await next).release();
  first.release();
  assert.equal(budget.held, 0);
  await assert.rejects(budget.acquire(1, abort.signal), reason);
  assert.equal(budget.held, 0);
});

test('a holding grows and shrinks, and gives everything back once', async () => {
  const budget = new ByteBudget(100);
  const holding = await budget.acquire(50, never);
  holding.add(70);
  assert.equal(budget.held, 120, 'what an open frame needs does not wait');
  assert.equal(budget.free, 0);
  holding.drop(30);
  assert.equal(budget.held, 90);
  holding.release();
  holding.release();
  holding.add(10);
  holding.drop(10);
  assert.equal(budget.held, 0);
});
