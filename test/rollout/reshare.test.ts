/** Another share for what is tried, another way of trying it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { settle } from '../fixtures/fake-process.ts';
import { scene } from './support.ts';

const CLIENTS = Array.from({ length: 100 }, (_, i) => `client-${i}`);

async function tried(t: Parameters<typeof scene>[0], strategy: 'canary' | 'shadow') {
  const s = scene(t);
  await s.supervisor.start();
  const swap = await s.over(await s.versions.swap('detector', s.request('v2', { strategy, percent: 50 }), 'anna'));
  const fail = (count: number): void => {
    for (let i = 0; i < count; i++) s.traffic.onOutcome('detector@v2', { ok: false, ms: 5 });
  };
  return { s, id: swap.id, fail };
}

it('a canary that becomes a shadow answers nobody any more, and is compared', async (t) => {
  const { s, id } = await tried(t, 'canary');
  const changed = await s.versions.swap('detector', s.request('v2', { strategy: 'shadow', percent: 20 }), 'anna');
  assert.deepEqual([changed.id, changed.strategy, changed.percent, changed.state], [id, 'shadow', 20, 'live']);
  const { canary, shadow } = s.aliases.state('detector');
  assert.deepEqual([canary, shadow], [null, { version: 'v2', percent: 20 }]);
  assert.ok(CLIENTS.every((client) => s.traffic.choose('detector', client).alias === 'stable'));
  assert.ok(CLIENTS.some((client) => s.traffic.shadow('detector', client) !== null));
});

it('a shadow that becomes a canary is judged by what it answers', async (t) => {
  const { s, id, fail } = await tried(t, 'shadow');
  fail(100);
  await s.versions.swap('detector', s.request('v2', { strategy: 'canary', percent: 50 }), 'anna');
  assert.equal(s.versions.stats('detector'), null);
  s.clock.advance(2000);
  await settle();
  assert.equal(s.versions.find(id).state, 'live', 'not by what it was as a shadow');
  fail(100);
  s.clock.advance(2000);
  await s.until('it goes back', () => s.versions.find(id).state === 'rolled_back');
});

it('whether it goes back by itself is as the last word says', async (t) => {
  const { s, id, fail } = await tried(t, 'canary');
  const given = { strategy: 'canary', percent: 30 } as const;
  await s.versions.swap('detector', s.request('v2', { ...given, auto_rollback: false }), 'anna');
  assert.deepEqual(s.aliases.state('detector').canary, { version: 'v2', percent: 30, auto_rollback: false });
  fail(100);
  s.clock.advance(3000);
  await settle();
  assert.equal(s.versions.find(id).state, 'live');
  await s.versions.swap('detector', s.request('v2', given), 'anna');
  s.clock.advance(1000);
  await s.until('it goes back', () => s.versions.find(id).state === 'rolled_back');
});

it('a shadow of another space may not become a canary while people are enrolled', async (t) => {
  const s = scene(t, { embeddingsIn: () => 12 });
  await s.supervisor.start();
  const isMismatch = (e: unknown): boolean => e instanceof FacepoolError && e.code === 'space_mismatch';
  const swap = (strategy: 'canary' | 'shadow') => s.versions.swap('recognizer', s.request('r2', { strategy }), 'anna');
  await assert.rejects(swap('canary'), isMismatch);
  const live = await s.over(await swap('shadow'));
  await assert.rejects(swap('canary'), isMismatch);
  assert.equal(s.versions.find(live.id).strategy, 'shadow');
  assert.equal(s.aliases.state('recognizer').canary, null);
});

it('a share that was taken back meanwhile is not given again', async (t) => {
  const { s } = await tried(t, 'canary');
  const more = s.versions.swap('detector', s.request('v2', { strategy: 'canary', percent: 90 }), 'anna');
  const back = s.versions.rollback('detector', { by: 'berta', why: '' });
  await assert.rejects(more, /generation/);
  assert.equal((await back).state, 'rolled_back');
  assert.equal(s.aliases.state('detector').canary, null);
});
