import assert from 'node:assert/strict';
import { it } from 'node:test';
import { driftFacts, linesOf } from '../../../src/dashboard/public/versions/compare-lines.js';
import { versionRow } from '../../http/support/changes.ts';

const live = (requests: number, error_ratio: number, p50_ms: number, p99_ms: number) => ({
  live: { requests, error_ratio, p50_ms, p99_ms },
});
const limits = { min_requests: 50, error_ratio: 0.02, p99_ratio: 1.5, min_compared: 50, drift_ratio: 0.05 };
const stable = versionRow({ percent: 90, ...live(400, 0.01, 10, 20) });
const line = (lines: ReturnType<typeof linesOf>, label: string) => lines.find((one) => one.label === label);

it('puts the figures of both side by side and marks what is worse', () => {
  const lines = linesOf(stable, versionRow({ percent: 10, ...live(50, 0.06, 11, 50) }), false, limits);
  assert.deepEqual(line(lines, 'Traffic'), {
    ...{ label: 'Traffic', stable: '90 %', tried: '10 %', difference: '', isWorse: false },
  });
  assert.deepEqual(line(lines, 'Errors'), {
    ...{ label: 'Errors', stable: '1 %', tried: '6 %', difference: '+5.0 points', isWorse: true },
  });
  assert.deepEqual([line(lines, 'p50')?.difference, line(lines, 'p50')?.isWorse], ['1.10 ×', false]);
  assert.deepEqual([line(lines, 'p99')?.difference, line(lines, 'p99')?.isWorse], ['2.50 ×', true]);
});

it('says nothing of a change that may be chance, or that nobody has measured', () => {
  const few = linesOf(stable, versionRow(live(49, 0.4, 90, 90)), true, limits);
  assert.ok(few.every(({ isWorse }) => !isWorse));
  assert.equal(line(few, 'Errors')?.difference, '–');
  assert.equal(line(few, 'Traffic')?.tried, 'copies');
  const none = linesOf(stable, versionRow({ live: null, memory_bytes: null }), false, limits);
  assert.deepEqual(
    none.slice(1).map(({ tried }) => tried),
    ['–', '–', '–', '–', '–'],
  );
  const idle = linesOf(stable, versionRow(live(0, 0, 0, 0)), false, limits);
  assert.deepEqual(
    idle.slice(1, 5).map(({ tried }) => tried),
    ['0', '–', '–', '–'],
  );
});

it('tells the drift that there is for the role', () => {
  const none = { mean_iou: null, count_difference: null, min_cosine: null, max_quality_drift: null, flips: null };
  const drift = { compared: 200, differing: 3, dropped: 1, failed: 0, ...none };
  const texts = (facts: ReturnType<typeof driftFacts>) => facts.map(({ term, text }) => [term, text]);
  assert.deepEqual(texts(driftFacts({ ...drift, flips: 2 }, limits)), [
    ...[
      ['Compared', '200'],
      ['Differing', '3 (1.5 %)'],
    ],
    ...[
      ['Copies not made', '1'],
      ['Copies failed', '0'],
      ['Live ↔ spoof flips', '2'],
    ],
  ]);
  const none0 = driftFacts({ ...drift, compared: 0, differing: 0 }, limits)[1];
  assert.deepEqual(none0, { term: 'Differing', text: '0', isWorse: false });
});

it('goes by the limits that the server goes by', () => {
  const tried = versionRow({ percent: 10, ...live(50, 0.06, 30, 50) });
  const worse = (of: typeof limits) =>
    linesOf(stable, tried, false, of).flatMap(({ label, isWorse }) => (isWorse ? [label] : []));
  assert.deepEqual(worse(limits), ['Errors', 'p99'], 'nobody goes back for the median');
  assert.deepEqual(worse({ ...limits, error_ratio: 0.1 }), ['p99']);
  assert.deepEqual(worse({ ...limits, p99_ratio: 3 }), ['Errors']);
  assert.deepEqual(worse({ ...limits, min_requests: 51 }), []);
  const none = { mean_iou: null, count_difference: null, min_cosine: null, max_quality_drift: null, flips: null };
  const drift = { compared: 60, differing: 6, dropped: 0, failed: 0, ...none };
  const isWorse = (of: typeof limits) => driftFacts(drift, of).some((fact) => fact.isWorse);
  assert.deepEqual(
    [isWorse(limits), isWorse({ ...limits, drift_ratio: 0.1 }), isWorse({ ...limits, min_compared: 61 })],
    [true, false, false],
  );
});
