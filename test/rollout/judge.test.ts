import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge, type JudgeLimits, type Outcome, OutcomeWindow, quantile } from '../../src/rollout/judge.ts';

const LIMITS: JudgeLimits = {
  windowMs: 60_000,
  minRequests: 50,
  errorRatio: 0.02,
  p99Ratio: 1.5,
  minCompared: 50,
  driftRatio: 0.05,
};
const many = (n: number, ms: number, failed = 0): Outcome[] =>
  Array.from({ length: n }, (_, i) => ({ at: i, ok: i >= failed, ms }));
const NONE = { count: 0, differing: 0 };
const reason = (...given: Parameters<typeof judge>): string => {
  const verdict = judge(...given);
  return verdict.worse ? verdict.reason : '';
};

describe('errors', () => {
  it('as many as before are no reason', () => {
    assert.equal(reason(LIMITS, many(1000, 10, 30), many(100, 10, 4), NONE), '');
  });
  it('more are, with the figures', () => {
    const told = reason(LIMITS, many(1000, 10), many(100, 10, 3), NONE);
    assert.equal(told, '3.0 % of its 100 requests failed, 0.0 % of the old version’s');
  });
  it('one bad second is no verdict', () => assert.equal(reason(LIMITS, many(1000, 10), many(49, 10, 49), NONE), ''));
  it('two are chance, however few requests there were', () => {
    assert.equal(reason(LIMITS, many(1000, 10), many(50, 10, 2), NONE), '');
    assert.notEqual(reason(LIMITS, many(1000, 10), many(50, 10, 3), NONE), '');
    assert.equal(reason(LIMITS, many(1000, 10, 20), many(50, 10, 3), NONE), '', 'one of them is the old version’s too');
  });
  it('they count although the old version has answered nothing', () => {
    assert.notEqual(reason(LIMITS, [], many(50, 10, 50), NONE), '');
  });
});

describe('latency', () => {
  it('slower by more than is allowed', () => {
    assert.match(
      reason(LIMITS, many(1000, 10), many(100, 16), NONE),
      /^its p99 is 1\.6 times .*16\.0 against 10\.0 ms/,
    );
  });
  it('a bit slower is fine', () => assert.equal(reason(LIMITS, many(1000, 10), many(100, 14), NONE), ''));
  /** `slow` of so many runs take ten times as long, spread over so many seconds. */
  const tail = (n: number, slow: number, seconds: number): Outcome[] =>
    Array.from({ length: n }, (_, i) => ({ at: (i % seconds) * 1000, ok: true, ms: i < slow ? 100 : 10 }));
  it('a slow second of the machine is no verdict', () => {
    assert.equal(reason(LIMITS, many(1000, 10), tail(100, 40, 1), NONE), '');
  });
  it('a few slow runs are none either', () => {
    assert.equal(reason(LIMITS, many(1000, 10), tail(60, 4, 60), NONE), '');
    assert.equal(reason(LIMITS, many(1000, 10), tail(600, 17, 60), NONE), '');
  });
  it('a share of slow runs, in several seconds, is', () => {
    assert.match(reason(LIMITS, many(1000, 10), tail(100, 5, 60), NONE), /^its p99 is 10\.0 times/);
  });
  it('needs the old version’s', () => assert.equal(reason(LIMITS, many(19, 1), many(100, 50), NONE), ''));
});

describe('drift', () => {
  it('needs enough that was compared', () => {
    assert.equal(reason(LIMITS, [], [], { count: 49, differing: 49 }), '');
    assert.match(reason(LIMITS, [], [], { count: 50, differing: 3 }), /^6\.0 % of 50 compared answers differ/);
    assert.equal(reason(LIMITS, [], [], { count: 100, differing: 5 }), '');
  });
});

it('a window forgets what is older than it', () => {
  const window = new OutcomeWindow(1000);
  for (let at = 0; at < 5000; at++) window.add({ at, ok: true, ms: 1 });
  assert.equal(window.within(4999).length, 1000);
  assert.equal(window.within(5998).length, 1);
  assert.equal(window.within(9000).length, 0);
});

it('the quantile is a value that was measured', () => {
  const outcomes = Array.from({ length: 100 }, (_, i) => ({ at: 0, ok: true, ms: i + 1 }));
  assert.equal(quantile(outcomes, 0.99), 99);
  assert.equal(quantile(outcomes, 0.5), 50);
  assert.equal(quantile([], 0.99), 0);
});
