import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warmCrops } from '../../../workers/imaging/crop-warm.ts';

test('warming leaves the event loop free in between', async () => {
  let turns = 0;
  let warm = false;
  const count = (): void => {
    turns++;
    if (!warm) setImmediate(count);
  };
  setImmediate(count);
  await warmCrops();
  warm = true;
  assert.ok(turns >= 6, `${turns} turns`);
});
