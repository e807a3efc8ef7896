import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InferOutput } from '../../src/contract/protocol.ts';
import type { AliasState } from '../../src/contract/rollout.ts';
import { initialState, moveAliases } from '../../src/rollout/alias-state.ts';
import { ShadowStats } from '../../src/rollout/shadow-stats.ts';
import { VersionTraffic } from '../../src/rollout/version-traffic.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const author = { at: new Date(0), by: 'anna', why: '' };
const stable = initialState('v1', author);
const canary = moveAliases(stable, { action: 'canary', version: 'v2', percent: 50 }, author);
const shadow = moveAliases(stable, { action: 'shadow', version: 'v2', percent: 50 }, author);
const limits = { minIou: 0.5, minCosine: 0.99, maxQualityDrift: 0.1, liveThreshold: 0.5 };
const CLIENTS = Array.from({ length: 400 }, (_, i) => `c${i}`);

function make(state: AliasState | null, ready = true) {
  const clock = new ManualClock();
  const stats = new ShadowStats(limits, true);
  const traffic = new VersionTraffic({
    clock,
    windowMs: 1000,
    ports: {
      entryOf: (_model, version) => (version === 'v1' ? 'detector' : 'detector@v2'),
      state: () => ({ state: ready ? 'ready' : 'backoff', reason: '', isReady: ready, memoryBytes: null }),
    },
    aliases: (model) => (model === 'detector' ? state : null),
    stats: () => stats,
  });
  return { clock, traffic, stats };
}

describe('choosing', () => {
  it('without a canary everybody gets what is stable', () => {
    const { traffic } = make(stable);
    assert.deepEqual(traffic.choose('detector', 'anna'), { entry: 'detector', alias: 'stable' });
    assert.deepEqual(traffic.choose('anime', 'anna'), { entry: 'anime', alias: 'stable' }, 'no model of the rollout');
  });
  it('with one, its share', () => {
    const { traffic } = make(canary);
    const count = CLIENTS.filter((client) => traffic.choose('detector', client).alias === 'canary').length;
    assert.ok(count > 150 && count < 250, `${count}`);
  });
  it('what outlives a trial is never the canary’s', () => {
    const { traffic } = make(canary);
    assert.ok(CLIENTS.every((client) => traffic.choose('detector', client, 'stable').alias === 'stable'));
    assert.ok(CLIENTS.every((client) => traffic.choose('detector', client, 'stable').entry === 'detector'));
  });
  it('while both versions do not fit, everybody waits for the one that comes', () => {
    const { traffic } = make(canary);
    const end = traffic.divert('detector', 'detector@v3');
    assert.ok(CLIENTS.every((client) => traffic.choose('detector', client).entry === 'detector@v3'));
    end();
    assert.ok(CLIENTS.every((client) => traffic.choose('detector', client).entry !== 'detector@v3'));
  });
  it('a canary that is not ready serves nobody', () => {
    const { traffic } = make(canary, false);
    assert.ok(CLIENTS.every((client) => traffic.choose('detector', client).entry === 'detector'));
  });
});

describe('holding', () => {
  it('is over when the last request ends; ending twice counts once', async () => {
    const { traffic } = make(stable);
    const [a, b] = [traffic.hold('detector'), traffic.hold('detector')];
    const drained = traffic.drained('detector', 1000);
    a();
    a();
    assert.equal(traffic.held('detector'), 1);
    b();
    assert.equal(await drained, true);
    assert.equal(await traffic.drained('detector', 1000), true);
  });
  it('is not waited for without end', async () => {
    const { traffic, clock } = make(stable);
    traffic.hold('detector');
    const drained = traffic.drained('detector', 1000);
    clock.advance(1000);
    assert.equal(await drained, false);
  });
});

describe('copies', () => {
  it('are made for the share of a shadow, and counted', () => {
    const { traffic, stats } = make(shadow);
    const copies = CLIENTS.map((client) => traffic.shadow('detector', client)).filter((copy) => copy !== null);
    assert.ok(copies.length > 150 && copies.length < 250, `${copies.length}`);
    const nothing: InferOutput = { role: 'detector', faces: [] };
    copies[0]?.compared(nothing, nothing, 7);
    copies[1]?.dropped();
    assert.deepEqual(
      traffic.outcomes('detector@v2').map(({ ok, ms }) => [ok, ms]),
      [[true, 7]],
    );
    assert.deepEqual([copies[0]?.entry, stats.answer.compared, stats.answer.dropped], ['detector@v2', 1, 1]);
  });
  it('not without a shadow', () => {
    assert.ok(CLIENTS.every((client) => make(canary).traffic.shadow('detector', client) === null));
  });
});

it('outcomes are of the last window, and forgotten when a version begins anew', () => {
  const { traffic, clock } = make(stable);
  assert.deepEqual(traffic.outcomes('detector'), []);
  traffic.onOutcome('detector', { ok: true, ms: 5 });
  clock.advance(600);
  traffic.onOutcome('detector', { ok: false, ms: 7 });
  assert.deepEqual(
    traffic.outcomes('detector').map(({ ms }) => ms),
    [5, 7],
  );
  clock.advance(600);
  assert.deepEqual(
    traffic.outcomes('detector').map(({ ms }) => ms),
    [7],
  );
  traffic.forget('detector');
  assert.deepEqual(traffic.outcomes('detector'), []);
});
