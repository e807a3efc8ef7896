import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Buckets } from '../../../src/telemetry/history/buckets.ts';
import { LAYOUTS } from '../../../src/telemetry/history/columns.ts';

const { device } = LAYOUTS;
const UTIL = device.columns.indexOf('gpu_util');
const PEAK = device.columns.indexOf('gpu_util_max');
const USED = device.columns.indexOf('memory_used');

/** Columns of one sample: utilisation, and bytes in use. */
function figures(util: number, used = Number.NaN): Float64Array[] {
  return device.sampled.map((name) =>
    Float64Array.of(name === 'gpu_util' ? util : name === 'memory_used' ? used : Number.NaN),
  );
}

function bucketsOf(count: number, stepMs = 1000, holdMs = 0): Buckets {
  const buckets = new Buckets(device, { t0: 0, stepMs, count });
  buckets.holdMs = holdMs;
  return buckets;
}

const column = (buckets: Buckets, k: number): number[] => [...(buckets.finish()[k] ?? [])];

describe('steps of time', () => {
  it('have the mean and the peak of what is known, and nothing where nothing is', () => {
    const buckets = bucketsOf(3, 10_000);
    for (const [at, util, used] of [
      [0, 10, 5],
      [9999, 20, 6],
      [20_000, Number.NaN, 7],
      [25_000, 90, Number.NaN],
    ] as const) {
      buckets.add(at, figures(util, used), 0, device.sources);
    }
    const all = buckets.finish();
    assert.deepEqual([...(all[UTIL] ?? [])], [15, Number.NaN, 90]);
    assert.deepEqual([...(all[PEAK] ?? [])], [20, Number.NaN, 90]);
    assert.deepEqual([...(all[USED] ?? [])], [6, Number.NaN, 7], '5.5 bytes are rounded');
    assert.deepEqual([...buckets.samples], [2, 0, 2]);
  });

  it('ignore what lies outside, and know when they are empty', () => {
    const buckets = bucketsOf(2);
    assert.equal(buckets.isEmpty, true);
    buckets.add(-1, figures(1), 0, device.sources);
    buckets.add(2000, figures(1), 0, device.sources);
    assert.equal(buckets.isEmpty, true);
    buckets.add(1999, figures(1), 0, device.sources);
    assert.equal(buckets.isEmpty, false);
    assert.deepEqual(column(buckets, UTIL), [Number.NaN, 1]);
  });

  it('weigh means by their samples, and take their peaks', () => {
    const buckets = bucketsOf(1);
    const own = device.columns.map((_, k) => k);
    const mean = (util: number, peak: number): Float64Array[] =>
      device.columns.map((_, k) => Float64Array.of(k === UTIL ? util : k === PEAK ? peak : Number.NaN));
    buckets.add(0, mean(10, 99), 0, own, 9);
    buckets.add(1, mean(20, 30), 0, own, 1);
    const all = buckets.finish();
    assert.deepEqual([...(all[UTIL] ?? [])], [11]);
    assert.deepEqual([...(all[PEAK] ?? [])], [99]);
  });

  it('close the hole that a late timer leaves, but no real gap', () => {
    const buckets = bucketsOf(8, 1000, 1500);
    for (const [at, util] of [
      [999, 1],
      [2000, 2],
      [3400, 3],
      [6000, 6],
    ] as const) {
      buckets.add(at, figures(util), 0, device.sources);
    }
    assert.deepEqual(column(buckets, UTIL), [1, 2, 2, 3, Number.NaN, Number.NaN, 6, Number.NaN]);
  });

  it('hold nothing where the clock stepped back', () => {
    const buckets = bucketsOf(5, 1000, 1500);
    for (const [at, util] of [
      [4000, 4],
      [1000, 1],
    ] as const) {
      buckets.add(at, figures(util), 0, device.sources);
    }
    assert.deepEqual(column(buckets, UTIL), [Number.NaN, 1, Number.NaN, Number.NaN, 4]);
  });

  it('spread a mean over the shorter steps in it', () => {
    const buckets = bucketsOf(6);
    buckets.addSpan(
      1000,
      4000,
      device.columns.map(() => Float64Array.of(7)),
      0,
      device.columns.map((_, k) => k),
    );
    assert.deepEqual(column(buckets, UTIL), [Number.NaN, 7, 7, 7, Number.NaN, Number.NaN]);
  });
});
