import assert from 'node:assert/strict';
import test from 'node:test';
import { bucketOf, isChosen } from '../../src/rollout/split.ts';

const CLIENTS = Array.from({ length: 20_000 }, (_, i) => `client-${i}`);

test('a client stays where it is, in every process: these numbers are fixed for ever', () => {
  // SHA-256 of "detector\\0anna", first 48 bits, modulo 1000, worked out by another program.
  assert.equal(bucketOf('detector', 'anna'), 974);
  assert.equal(bucketOf('detector', ''), 64);
});

for (const percent of [0.1, 1, 10, 50, 99.9]) {
  test(`${percent} % of the clients are chosen`, () => {
    const share = (100 * CLIENTS.filter((key) => isChosen('detector', key, percent)).length) / CLIENTS.length;
    assert.ok(Math.abs(share - percent) < 1, `${share} %`);
  });
}

test('0 and 100 % are nobody and everybody', () => {
  assert.ok(!CLIENTS.some((key) => isChosen('detector', key, 0)));
  assert.ok(CLIENTS.every((key) => isChosen('detector', key, 100)));
});

test('a share that grows keeps the clients it has', () => {
  const small = CLIENTS.filter((key) => isChosen('detector', key, 5));
  assert.ok(small.every((key) => isChosen('detector', key, 10)));
});

test('models choose independently', () => {
  const both = CLIENTS.filter((key) => isChosen('detector', key, 10) && isChosen('recognizer', key, 10)).length;
  assert.ok(both > 100 && both < 300, `${both}`);
});
