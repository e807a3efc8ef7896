import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietest, quietness, TRIES } from '../../../bench/lib/strangers.ts';

function rounds(...strangers: number[]) {
  let taken = 0;
  return { take: () => Promise.resolve({ strangers: strangers[taken++] ?? 1 }), taken: () => taken };
}

test('a quiet round counts at once', async () => {
  const { take, taken } = rounds(0.01, 0);
  assert.deepEqual(await quietest(take), { strangers: 0.01 });
  assert.equal(taken(), 1);
});

test('a disturbed round is measured again, until one is quiet', async () => {
  const { take, taken } = rounds(0.4, 0.2, 0.05, 0);
  assert.deepEqual(await quietest(take), { strangers: 0.05 });
  assert.equal(taken(), 3);
});

test('where none is quiet the quietest counts', async () => {
  const { take, taken } = rounds(0.4, 0.2, 0.1, 0.3, 0.3, 0.3, 0);
  assert.deepEqual(await quietest(take), { strangers: 0.1 });
  assert.equal(taken(), TRIES);
});

test('the note says how many stayed noisy', () => {
  assert.match(
    quietness([{ strangers: 0.04 }, { strangers: 0.06 }, { strangers: 0 }]),
    /more than 5 % .* 1 of 3 stayed/,
  );
});
