import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createAlertEngine } from '../../../src/telemetry/alerts/engine.ts';
import { rule } from './support.ts';

const RULES = new Map([
  ['busy', rule({ for_ms: 1000 })],
  ['hot', rule({ metric: 'temperature', above: 80, clear_below: 75, for_ms: 0, severity: 'error' })],
]);

const one = (subject: string, value: number | null) => [{ subject, value }];

it('tells each subject by itself', () => {
  const engine = createAlertEngine(RULES, 1000);
  const both = (a: number, b: number) => [...one('a', a), ...one('b', b)];
  assert.deepEqual(engine.look('busy', both(96, 50), 0), []);
  const fired = engine.look('busy', both(96, 96), 1000);
  assert.deepEqual(fired, [
    {
      rule: 'busy',
      subject: 'a',
      state: 'firing',
      since: 1000,
      value: 96,
      seenAt: 1000,
      change: 'firing',
      firedAt: 1000,
    },
  ]);
  assert.deepEqual(
    engine.look('busy', both(96, 96), 2000).map(({ subject }) => subject),
    ['b'],
  );
  const [ended, ...more] = engine.look('busy', both(10, 96), 5000);
  assert.deepEqual(
    [ended?.change, ended?.state, ended?.firedAt, ended?.since, more],
    ['resolved', 'inactive', 1000, 5000, []],
  );
});

it('a device that is gone is one without data: its alert ends after a minute, and its row is gone', () => {
  const engine = createAlertEngine(RULES, 1000);
  engine.look('hot', one('a', 90), 0);
  assert.deepEqual(engine.look('hot', [], 59_000), []);
  assert.equal(engine.rows()[0]?.state, 'firing');
  const [change] = engine.look('hot', [], 60_000);
  assert.deepEqual([change?.change, change?.state, change?.value], ['resolved', 'no_data', 90]);
  assert.deepEqual(engine.rows(), []);
});

it('what fired before the server was started goes on, and has its end', () => {
  const engine = createAlertEngine(RULES, 1000);
  engine.restore('hot', 'a', -5000, 78, 0);
  assert.deepEqual(engine.look('hot', one('a', 78), 1000), [], 'not below 75');
  assert.equal(engine.rows()[0]?.since, -5000);
  const [change] = engine.look('hot', one('a', 70), 2000);
  assert.deepEqual([change?.change, change?.firedAt, change?.since], ['resolved', -5000, 2000]);
});

it('a device that tells nothing keeps its row', () => {
  const engine = createAlertEngine(RULES, 1000);
  engine.look('hot', one('a', null), 0);
  assert.deepEqual(engine.rows(), [
    { rule: 'hot', subject: 'a', state: 'no_data', since: 0, value: null, seenAt: null },
  ]);
});

it('the gap that breaks a wait is three intervals of the samples', () => {
  const states = [1000, 5000].map((sampleMs) => {
    const engine = createAlertEngine(new Map([['busy', rule()]]), sampleMs);
    for (const at of [0, 9000, 10_000]) engine.look('busy', one('a', 96), at);
    return engine.rows()[0]?.state;
  });
  assert.deepEqual(states, ['pending', 'firing']);
});

it('rows come in the order of the rules; a rule that is not known changes nothing', () => {
  const engine = createAlertEngine(RULES, 1000);
  engine.look('hot', one('a', 1), 0);
  engine.look('busy', one('a', 1), 0);
  assert.deepEqual(engine.look('constructor', one('a', 1), 0), []);
  assert.deepEqual(
    engine.rows().map((row) => row.rule),
    ['busy', 'hot'],
  );
});
