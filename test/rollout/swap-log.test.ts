import assert from 'node:assert/strict';
import test from 'node:test';
import { swapSchema, type Swap } from '../../src/contract/rollout.ts';
import { isOver, SwapLog } from '../../src/rollout/swap-log.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const REQUEST = { version: 'v2', strategy: 'immediate', percent: 10 } as const;

function log() {
  const clock = new ManualClock();
  const swaps = new SwapLog(clock);
  const told: Swap[] = [];
  swaps.onChange((swap) => told.push(swap));
  return { clock, swaps, told, begin: (model = 'detector') => swaps.begin(model, 'v1', REQUEST, 'anna') };
}

test('steps have their times, and everybody is told of each', () => {
  const { clock, begin, told } = log();
  const record = begin();
  const end = record.step('load', 'at first');
  clock.advance(120);
  end('holds 80 MB');
  record.add('golden', 3.14159);
  assert.deepEqual(
    record.swap.steps.map(({ step, ms, detail }) => [step, ms, detail]),
    [
      ['load', 120, 'holds 80 MB'],
      ['golden', 3.1, ''],
    ],
  );
  assert.equal(told.length, 3);
  assert.equal(told[0]?.steps[0]?.ms, null, 'it ran then');
  assert.ok(swapSchema.safeParse(record.swap).success);
  assert.equal(record.swap.percent, null, 'an immediate swap has no share');
});

test('its first end counts, and is told once', () => {
  const clock = new ManualClock();
  const over: [string, number][] = [];
  const swaps = new SwapLog(clock, ({ state }, seconds) => over.push([state, seconds]));
  const told: string[] = [];
  swaps.onChange(({ state }) => told.push(state));
  const record = swaps.begin('detector', 'v1', REQUEST, 'anna');
  const end = record.step('drain');
  clock.advance(1500);
  record.finish('rolled_back', 'odd boxes');
  end('dry');
  record.add('stop', 0);
  record.finish('done');
  assert.deepEqual([record.swap.state, record.swap.reason, record.swap.steps.length], ['rolled_back', 'odd boxes', 1]);
  assert.deepEqual([over, told], [[['rolled_back', 1.5]], ['running', 'rolled_back']]);
});

test('what still runs when it fails ends with it', () => {
  const { clock, begin } = log();
  const record = begin();
  const end = record.step('warm');
  clock.advance(50);
  record.finish('failed', 'golden probe failed');
  end('too late');
  const [step] = record.swap.steps;
  assert.deepEqual([step?.ms, step?.detail, record.swap.reason], [50, 'not finished', 'golden probe failed']);
  assert.ok(record.swap.ended !== null && isOver(record.swap));
});

test('the one that goes on is the model’s own; live is not over', () => {
  const { swaps, begin } = log();
  const [detector, liveness] = [begin('detector'), begin('liveness')];
  detector.finish('live');
  assert.equal(detector.swap.ended, null);
  assert.equal(swaps.current('detector'), detector);
  liveness.finish('done');
  assert.equal(swaps.current('liveness'), null);
  assert.deepEqual(
    swaps.list('detector').map(({ id }) => id),
    [detector.swap.id],
  );
  assert.equal(swaps.list(null).length, 2);
});

test('waiting ends when it is over, live, or nobody wants to wait any more', async () => {
  const { swaps, begin } = log();
  const record = begin();
  const waiting = swaps.wait(record.swap.id, new AbortController().signal);
  record.finish('live');
  assert.equal((await waiting).state, 'live');
  assert.equal((await swaps.wait(record.swap.id, new AbortController().signal)).state, 'live');
  const abort = new AbortController();
  const given = swaps.wait(begin().swap.id, abort.signal);
  abort.abort(new Error('gone'));
  await assert.rejects(given, /gone/);
  await assert.rejects(swaps.wait('nothing', abort.signal), { code: 'not_found' });
});

test('the last two hundred are known, and what goes on is never forgotten', () => {
  const { swaps, begin } = log();
  const live = begin('liveness');
  live.finish('live');
  for (let i = 0; i < 300; i++) begin().finish('done');
  assert.equal(swaps.list(null).length, 200);
  assert.equal(swaps.find(live.swap.id).state, 'live');
});
