import assert from 'node:assert/strict';
import test from 'node:test';
import { WaitQueue } from '../../src/scheduler/queue.ts';

test('first come, first served, and one more than the limit is refused', () => {
  const queue = new WaitQueue<string>(() => 2);
  assert.equal(queue.push('a'), true);
  assert.equal(queue.push('b'), true);
  assert.equal(queue.push('c'), false);
  assert.equal(queue.shift(), 'a');
  assert.equal(queue.shift(), 'b');
  assert.equal(queue.shift(), undefined);
});

test('what is put back comes first, in its order, and is never refused for length', () => {
  const queue = new WaitQueue<string>(() => 1);
  queue.push('late');
  queue.putBack('first');
  queue.putBack('second');
  assert.equal(queue.length, 3);
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], ['first', 'second', 'late']);
});

test('what belongs to an admitted request waits its turn and is never refused for length', () => {
  const queue = new WaitQueue<string>(() => 1);
  queue.push('a');
  queue.pushAdmitted('b');
  assert.equal(queue.push('c'), false);
  assert.deepEqual(queue.drain(), ['a', 'b']);
});

test('one that gave up is removed wherever it waits; one that does not wait is told so', () => {
  const queue = new WaitQueue<string>(() => 3);
  queue.push('a');
  queue.push('b');
  queue.putBack('z');
  assert.equal(queue.remove('a'), true);
  assert.equal(queue.remove('z'), true);
  assert.equal(queue.remove('a'), false);
  assert.deepEqual(queue.drain(), ['b']);
  assert.equal(queue.length, 0);
});
