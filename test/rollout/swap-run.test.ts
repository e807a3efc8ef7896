/** Swaps that are taken back, or disturbed, at every point of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { settle } from '../fixtures/fake-process.ts';
import { scene } from './support.ts';

const who = { by: 'berta', why: 'odd boxes' };
const isCode =
  (code: string, detail = /./) =>
  (e: unknown): boolean =>
    e instanceof FacepoolError && e.code === code && detail.test(e.message);
const cold = (d: Settings): Settings => ({ ...d, rollout: { ...d.rollout, keep_warm_ms: 0 } });

describe('a rollback while the old version ends its requests', () => {
  for (const move of ['an immediate swap', 'a promoted canary'] as const) {
    it(`of ${move}: the old version serves on at once, and is not ended`, async (t) => {
      const s = scene(t, { settings: cold });
      await s.supervisor.start();
      const [before] = s.processes('v1');
      const session = s.routers.begin('a client that gets v1');
      assert.equal(session.model('detector')?.ref().version, 'v1');
      const strategy = move === 'an immediate swap' ? 'immediate' : 'canary';
      const begun = await s.versions.swap('detector', s.request('v2', { strategy, percent: 0.1 }), 'anna');
      if (strategy === 'canary') await s.over(begun);
      const promoted = strategy === 'canary' ? s.versions.promote('detector', { by: 'anna', why: '' }) : null;
      await s.until('it is switched', () => s.aliases.state('detector').stable === 'v2');
      const now = s.clock.now();
      const swap = await s.versions.rollback('detector', who);
      assert.deepEqual([swap.id, swap.state, swap.reason], [begun.id, 'rolled_back', 'odd boxes']);
      assert.equal(s.clock.now(), now, 'it takes no time');
      assert.equal(s.aliases.state('detector').stable, 'v1');
      assert.equal(await s.answers(), 'v1');
      session.end();
      if (promoted !== null) assert.equal((await promoted).state, 'rolled_back');
      s.clock.advance(60_000);
      await settle();
      assert.deepEqual(s.processes('v1'), [before]);
      assert.equal(s.versions.find(begun.id).state, 'rolled_back');
      assert.deepEqual(
        s.ended.map(({ state }) => state),
        ['rolled_back'],
      );
      const again = await s.over(await s.versions.swap('detector', s.request('v3'), 'anna'));
      assert.equal(again.state, 'done', 'the next one finds everything in order');
    });
  }
});

it('a rollback while the old process ends waits for that, and loads the old version again', async (t) => {
  const stops: (() => void)[] = [];
  const s = scene(t, {
    settings: cold,
    onSent: (version, { type }, process) => {
      if (version !== 'v1' || type !== 'stop' || stops.length > 0) return false;
      stops.push(() => process.exit({ code: 0, signal: null }));
      return true;
    },
  });
  await s.supervisor.start();
  const begun = await s.versions.swap('detector', s.request('v2'), 'anna');
  await s.until('the old one is told to end', () => stops.length > 0);
  const back = s.versions.rollback('detector', who);
  await settle();
  stops[0]?.();
  await s.until('v1 is stable', () => s.aliases.state('detector').stable === 'v1');
  assert.equal((await back).state, 'done');
  assert.equal(s.versions.find(begun.id).state, 'done');
  assert.equal(await s.answers(), 'v1');
  assert.deepEqual([s.processes('v1').length, s.processes('v2').length], [1, 0]);
});

it('a second rollback while the first one goes on is the same one, and does not go forth again', async (t) => {
  const loads: (() => void)[] = [];
  const s = scene(t, {
    settings: cold,
    onSent: (version, { type, id }, process) => {
      if (version !== 'v1' || type !== 'load' || s.aliases.state('detector').stable === 'v1') return false;
      const golden = { passed: true, minCosine: 1, detail: 'ok' };
      loads.push(() => process.say({ type: 'result', id, value: { provider: 'cpu', phasesMs: {}, golden } }));
      return true;
    },
  });
  await s.supervisor.start();
  await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
  const first = s.versions.rollback('detector', who);
  await s.until('v1 is loaded', () => loads.length > 0);
  const second = s.versions.rollback('detector', { by: 'carla', why: 'me too' });
  await settle();
  loads[0]?.();
  await s.until('v1 is stable', () => s.aliases.state('detector').stable === 'v1');
  const [a, b] = await Promise.all([first, second]);
  assert.deepEqual([a.id, a.state], [b.id, 'done']);
  assert.equal(await s.answers(), 'v1');
});

it('of a promotion and a rollback at the same time, one wins', async (t) => {
  const s = scene(t);
  await s.supervisor.start();
  const { id } = await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'canary' }), 'anna'));
  const promoted = s.versions.promote('detector', { by: 'anna', why: '' });
  const back = s.versions.rollback('detector', who);
  await assert.rejects(promoted, isCode('conflict', /generation/));
  assert.deepEqual([(await back).id, (await back).state], [id, 'rolled_back']);
  const { stable, canary, previous } = s.aliases.state('detector');
  assert.deepEqual([stable, canary, previous], ['v1', null, null]);
  await s.until('v2 is gone', () => s.processes('v2').length === 0);
});

it('a version that cannot be ended does not keep the model from being changed', async (t) => {
  const s = scene(t, {
    ports: (real) => ({
      stop: async (entry, reason) => {
        if (entry === 'detector@crashes') throw new Error('it does not end');
        await real.stop(entry, reason);
      },
    }),
  });
  await s.supervisor.start();
  const swap = await s.over(await s.versions.swap('detector', s.request('crashes'), 'anna'));
  assert.equal(swap.state, 'failed');
  assert.match(swap.reason, /SIGSEGV|crash/);
  assert.match(s.troubles.join(), /detector@crashes could not be ended/);
  assert.equal(s.versions.list('detector')[0]?.state, 'failed');
});

it('an old version that cannot be ended does not make a swap fail that is done', async (t) => {
  const s = scene(t, {
    settings: cold,
    ports: (real) => ({
      stop: async (entry, reason) => {
        if (entry === 'detector') throw new Error('it does not end');
        await real.stop(entry, reason);
      },
    }),
  });
  await s.supervisor.start();
  const swap = await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
  assert.deepEqual([swap.state, swap.reason], ['done', '']);
  assert.equal(await s.answers(), 'v2');
  assert.match(s.troubles.join(), /detector could not be ended/);
});

it('what a shadow did late is not held against it when it is stable', async (t) => {
  const s = scene(t);
  await s.supervisor.start();
  for (let i = 0; i < 100; i++) s.traffic.onOutcome('detector', { ok: true, ms: 5 });
  await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'shadow' }), 'anna'));
  for (let i = 0; i < 100; i++) s.traffic.onOutcome('detector@v2', { ok: true, ms: 50 });
  assert.equal((await s.versions.promote('detector', who)).state, 'done');
  for (let i = 0; i < 5; i++) {
    s.clock.advance(1000);
    await settle();
  }
  assert.equal(s.aliases.state('detector').stable, 'v2');
});

it('the aliases were moved meanwhile: the swap is refused, and the other word holds', async (t) => {
  const s = scene(t);
  await s.supervisor.start();
  const begun = await s.versions.swap('detector', s.request('v2'), 'anna');
  s.aliases.move('detector', { action: 'promote', version: 'v3' }, 'somebody', '');
  const swap = await s.over(begun);
  assert.equal(swap.state, 'failed');
  assert.match(swap.reason, /v3 has become stable meanwhile/);
  assert.equal(s.aliases.state('detector').stable, 'v3');
});
