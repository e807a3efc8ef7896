import assert from 'node:assert/strict';
import test from 'node:test';
import { CallEnds } from '../../src/supervisor/call-ends.ts';

function setUp() {
  const ends = new CallEnds();
  const over: number[] = [];
  let question = 100;
  return {
    ends,
    over,
    watch: (id: number) => ends.watch(id, () => over.push(id)),
    ask: () => ++question,
  };
}

test('an answer ends a call, once', () => {
  const { ends, over, watch } = setUp();
  watch(1);
  ends.watch(2, undefined);
  ends.answered(2);
  ends.answered(1);
  ends.answered(1);
  assert.deepEqual(over, [1]);
});

test('one that was abandoned ends when the process has shown that it knows', () => {
  const { ends, over, watch, ask } = setUp();
  watch(1);
  ends.abandoned(1, ask);
  assert.deepEqual(over, []);
  ends.answered(101);
  assert.deepEqual(over, [1]);
});

test('one that the process was faster to begin ends with its answer only', () => {
  const { ends, over, watch, ask } = setUp();
  watch(1);
  ends.abandoned(1, ask);
  ends.begun(1);
  ends.answered(101);
  assert.deepEqual(over, [], 'it runs');
  ends.answered(1);
  assert.deepEqual(over, [1]);
});

test('nobody is asked about a call that lent nothing', () => {
  const { ends, ask } = setUp();
  ends.abandoned(1, ask);
  assert.equal(ask(), 101);
});

test('the end of the process ends them all', () => {
  const { ends, over, watch, ask } = setUp();
  watch(1);
  watch(2);
  ends.abandoned(2, ask);
  ends.all();
  ends.answered(1);
  ends.answered(101);
  assert.deepEqual(over, [1, 2]);
});
