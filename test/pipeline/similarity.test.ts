import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { cosine, matchThreshold, similarity } from '../../src/pipeline/similarity.ts';
import { RECOGNIZER } from '../fixtures/pipeline.ts';

test('similarity is one half at the default threshold, rises with the cosine and stays within 0..1', () => {
  assert.equal(similarity(0.4, RECOGNIZER), 0.5);
  const rising = [-1, -0.5, 0, 0.3, 0.4, 0.5, 0.8, 1].map((c) => similarity(c, RECOGNIZER));
  assert.deepEqual(
    [...rising].sort((a, b) => a - b),
    rising,
  );
  assert.ok((rising[0] ?? 1) >= 0 && (rising.at(-1) ?? 0) <= 1 && (rising.at(-1) ?? 0) > 0.99);
});

test('a threshold is a named false accept rate, or a cosine, or the rate of 1e-4', () => {
  assert.equal(matchThreshold(undefined, RECOGNIZER), 0.4);
  assert.equal(matchThreshold(1e-3, RECOGNIZER), 0.3);
  assert.equal(matchThreshold(0.00001, RECOGNIZER), 0.5);
  assert.equal(matchThreshold(0.62, RECOGNIZER), 0.62);
  assert.equal(matchThreshold(0, RECOGNIZER), 0);
});

test('a small number that is no named rate would accept nearly everybody as a cosine: refused', () => {
  for (const value of [1e-2, 2e-4, 1e-6]) {
    assert.throws(
      () => matchThreshold(value, RECOGNIZER),
      (e) => e instanceof FacepoolError && e.code === 'invalid_argument' && e.message.includes('1e-4'),
    );
  }
});

test('a cosine never leaves -1..1, and lengths must agree', () => {
  const long = Float32Array.from([1.0001, 0]);
  assert.equal(cosine(long, long), 1);
  assert.throws(
    () => cosine(long, Float32Array.from([1])),
    (e) => e instanceof FacepoolError && e.code === 'space_mismatch',
  );
});
