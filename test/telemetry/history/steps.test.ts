import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { MOST_POINTS, planSteps, splitGrid } from '../../../src/telemetry/history/steps.ts';
import { TIERS, tierFor } from '../../../src/telemetry/history/tiers.ts';
import { START } from './support.ts';

const HOUR = 3_600_000;

function refusal(from: number, to: number, stepS: number | null): FacepoolError {
  try {
    planSteps({ from, to, stepS }, 1000);
  } catch (error) {
    assert.ok(error instanceof FacepoolError);
    assert.equal(error.code, 'invalid_argument');
    return error;
  }
  return assert.fail('it was not refused');
}

describe('steps of an answer', () => {
  it('begin at multiples of their length and cover the range', () => {
    assert.deepEqual(planSteps({ from: START + 1500, to: START + 4001, stepS: 1 }, 1000), {
      t0: START + 1000,
      stepMs: 1000,
      count: 4,
    });
    assert.deepEqual(planSteps({ from: START, to: START + HOUR, stepS: 60 }, 1000).count, 60);
    assert.equal(planSteps({ from: START, to: START + 2000, stepS: 0.5 }, 500).count, 4);
  });

  it('are about 600 where none is asked for, and never shorter than a sample', () => {
    const step = (ms: number, sampleMs = 1000): number => {
      return planSteps({ from: START, to: START + ms, stepS: null }, sampleMs).stepMs / 1000;
    };
    assert.deepEqual(
      [HOUR / 12, HOUR, 24 * HOUR, 168 * HOUR].map((ms) => step(ms)),
      [1, 6, 180, 1020],
    );
    assert.equal(step(HOUR / 12, 5000), 5);
    assert.equal(step(1), 1);
    for (const ms of [HOUR, 5 * HOUR, 24 * HOUR, 100 * HOUR, 168 * HOUR, 20_000 * HOUR, START]) {
      const { count } = planSteps({ from: START - ms, to: START, stepS: null }, 1000);
      assert.ok(count > 200 && count <= 601, `${ms}: ${count}`);
    }
  });

  it('refuse a range that is none', () => {
    assert.equal(refusal(START, START, 1).param, 'from');
    assert.equal(refusal(START + 1, START, null).param, 'from');
    assert.equal(refusal(Number.NaN, START, null).param, 'from');
    assert.equal(refusal(START, Number.POSITIVE_INFINITY, null).param, 'to');
    assert.equal(refusal(START, 1e17, null).param, 'to');
    for (const step of [0, -1, 0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(refusal(START, START + HOUR, step).param, 'step');
    }
  });

  it('refuse too many, and the step that they name is taken', () => {
    for (const from of [START, START + 123_456]) {
      const error = refusal(from, from + 168 * HOUR, 1);
      assert.equal(error.param, 'step');
      const smallest = Number(/at least (\d+) seconds/.exec(error.message)?.[1]);
      assert.ok(planSteps({ from, to: from + 168 * HOUR, stepS: smallest }, 1000).count <= MOST_POINTS);
      assert.equal(refusal(from, from + 168 * HOUR, smallest - 1).param, 'step');
    }
  });

  it('are split where memory begins, at the next step', () => {
    const grid = { t0: 0, stepMs: 10, count: 4 };
    assert.deepEqual(splitGrid(grid, 11), {
      before: { t0: 0, stepMs: 10, count: 2 },
      after: { t0: 20, stepMs: 10, count: 2 },
    });
    assert.deepEqual(splitGrid(grid, -5), { before: null, after: grid });
    assert.deepEqual(splitGrid(grid, Number.POSITIVE_INFINITY), { before: grid, after: null });
    assert.deepEqual(splitGrid(grid, 40).after, null);
  });

  it('are answered by the coarsest means that they are made of', () => {
    assert.deepEqual(
      [500, 1000, 7000, 10_000, 29_000, 49_000, 60_000, 61_000, 70_000, 180_000, 181_000].map(
        (ms) => tierFor(ms, 600).stepMs,
      ),
      [0, 0, 0, 10_000, 0, 10_000, 60_000, 10_000, 10_000, 60_000, 60_000],
    );
    assert.deepEqual(
      [9000, 11_000, 29_000].map((ms) => tierFor(ms, 11_000).stepMs),
      [0, 10_000, 10_000],
      'no question reads much more than a day of samples',
    );
    TIERS.forEach(({ chunkMs, stepMs }, i) => {
      const before = TIERS[i - 1];
      if (before === undefined) return;
      assert.equal(chunkMs % before.chunkMs, 0);
      assert.equal(before.chunkMs % stepMs, 0, 'means never cross a window of the finer tier');
    });
  });
});
