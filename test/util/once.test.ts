import assert from 'node:assert/strict';
import test from 'node:test';
import { once } from '../../src/util/once.ts';

test('a value is made when it is first asked for, and then kept, undefined as well', () => {
  let made = 0;
  const value = once(() => {
    made += 1;
    return undefined;
  });
  assert.equal(made, 0);
  assert.deepEqual([value(), value(), made], [undefined, undefined, 1]);
});

test('what could not be made is tried again', () => {
  let tries = 0;
  const value = once(() => {
    tries += 1;
    if (tries === 1) throw new Error('not yet');
    return tries;
  });
  assert.throws(value, /not yet/);
  assert.deepEqual([value(), value()], [2, 2]);
});
