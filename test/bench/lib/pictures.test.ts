import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaledTo } from '../../../bench/lib/pictures.ts';

test('a picture is scaled to a number of pixels and keeps its aspect', () => {
  const { width, height } = scaledTo(912, 1080, 12);
  assert.ok(Math.abs((width * height) / 12e6 - 1) < 0.001);
  assert.ok(Math.abs(width / height - 912 / 1080) < 0.001);
});
