/** Trials after a restart. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { settle } from '../fixtures/fake-process.ts';
import { scene } from './support.ts';

const who = { by: 'berta', why: 'enough' };

/** The aliases say that this version is a canary, and nothing of it is there: as a server finds them when it starts. */
async function restarted(s: ReturnType<typeof scene>, version: string, autoRollback = true) {
  await s.supervisor.start();
  s.aliases.move('detector', { action: 'canary', version, percent: 50, autoRollback }, 'anna', '');
  return s.open();
}

it('a trial is there from the first moment: it can be taken back, and nothing else begins', async (t) => {
  const s = scene(t);
  const again = await restarted(s, 'v2');
  assert.deepEqual(
    again.versions.list('detector').map(({ state, to, strategy }) => [state, to, strategy]),
    [['running', 'v2', 'canary']],
  );
  await assert.rejects(again.versions.swap('detector', s.request('v3'), 'anna'), /swap to v2 of detector goes on/);
  await assert.rejects(again.versions.promote('detector', who), /no canary/);
  const swap = await again.versions.rollback('detector', who);
  assert.deepEqual([swap.state, swap.reason, swap.to], ['rolled_back', 'enough', 'v2']);
  assert.deepEqual([again.aliases.state('detector').canary, again.aliases.state('detector').stable], [null, 'v1']);
  await again.versions.restore();
  assert.equal(s.processes('v2').length, 0, 'it is not loaded any more');
});

it('is taken back while it is loaded', async (t) => {
  const s = scene(t);
  const again = await restarted(s, 'silent');
  const restoring = again.versions.restore();
  await s.until('it is loaded', () => s.processes('silent').length === 1);
  const swap = await again.versions.rollback('detector', who);
  assert.equal(swap.state, 'rolled_back');
  assert.equal(again.aliases.state('detector').canary, null);
  await restoring;
  await s.until('it is gone', () => s.supervisor.entryOf('detector', 'silent') === undefined);
  assert.equal(again.aliases.state('detector').history.at(-1)?.why, 'enough');
});

it('a server that ends while it is loaded leaves it to the next one', async (t) => {
  const s = scene(t);
  const again = await restarted(s, 'silent');
  const restoring = again.versions.restore();
  await s.until('it is loaded', () => s.processes('silent').length === 1);
  again.versions.close();
  await restoring;
  assert.equal(again.aliases.state('detector').canary?.version, 'silent');
  assert.equal(s.open().aliases.state('detector').canary?.version, 'silent');
});

it('what does not start is no trial any more, and its process is gone', async (t) => {
  const s = scene(t);
  const again = await restarted(s, 'crashes');
  const restoring = again.versions.restore();
  await s.until('it is over', () => again.versions.list('detector')[0]?.state === 'failed');
  await restoring;
  const { canary, stable, history } = again.aliases.state('detector');
  assert.deepEqual([canary, stable, history.at(-1)?.action], [null, 'v1', 'clear']);
  await s.until('its entry is gone', () => s.supervisor.entryOf('detector', 'crashes') === undefined);
  const next = await again.versions.swap('detector', s.request('v2'), 'anna');
  await s.until('another one begins', () => again.versions.find(next.id).state === 'done');
});

it('want of memory is waited for, as in every swap', async (t) => {
  let loads = 0;
  const s = scene(t, {
    onSent: (version, { type, id }, process) => {
      if (version !== 'v2' || type !== 'load' || ++loads > 1) return false;
      process.say({ type: 'error', id, error: { code: 'memory_exhausted', message: 'Failed to allocate memory' } });
      return true;
    },
  });
  const again = await restarted(s, 'v2');
  const restoring = again.versions.restore();
  await s.until('it is live', () => again.versions.list('detector')[0]?.state !== 'running');
  await restoring;
  assert.equal(again.versions.list('detector')[0]?.state, 'live');
});

it('a canary that was not to go back by itself does not after a restart either', async (t) => {
  const s = scene(t);
  const again = await restarted(s, 'v2', false);
  await again.versions.restore();
  for (let i = 0; i < 100; i++) again.traffic.onOutcome('detector@v2', { ok: false, ms: 5 });
  s.clock.advance(5000);
  await settle();
  assert.equal(again.aliases.state('detector').canary?.version, 'v2');
});
