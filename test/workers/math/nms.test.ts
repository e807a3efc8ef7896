import assert from 'node:assert/strict';
import { test } from 'node:test';
import { iou, nms } from '../../../workers/math/nms.ts';

const boxes = Float64Array.of(
  ...[0, 0, 10, 10],
  ...[0, 0, 10, 5], // half of the first
  ...[20, 20, 30, 30], // alone
  ...[10, 0, 20, 10], // touches the first
);

test('iou of known boxes', () => {
  assert.equal(iou(boxes, 0, 0), 1);
  assert.equal(iou(boxes, 0, 1), 0.5);
  assert.equal(iou(boxes, 1, 0), 0.5);
  assert.equal(iou(boxes, 0, 2), 0);
  assert.equal(iou(boxes, 0, 3), 0);
});

test('nms keeps the best of what overlaps by more than the threshold', () => {
  assert.deepEqual(nms(boxes, [0, 1, 2, 3], 0.3), [0, 2, 3]);
  assert.deepEqual(nms(boxes, [1, 0, 2, 3], 0.3), [1, 2, 3]);
  assert.deepEqual(nms(boxes, [0, 1, 2, 3], 0.5), [0, 1, 2, 3]);
  assert.deepEqual(nms(boxes, [], 0.3), []);
});

test('a suppressed box suppresses nothing', () => {
  const row = Float64Array.of(...[0, 0, 10, 10], ...[4, 0, 14, 10], ...[8, 0, 18, 10]);
  assert.deepEqual(nms(row, [0, 1, 2], 0.4), [0, 2]);
});
