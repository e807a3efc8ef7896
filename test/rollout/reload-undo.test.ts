/** What a reload has begun is taken back, because something beside it was refused: that, and no more. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { applyToModel, type ReloadModelsDeps } from '../../src/rollout/reload-models.ts';
import { settle } from '../fixtures/fake-process.ts';
import { reloadScene } from './reload-support.ts';

/** v2 is stable, v1 was before; a reload to this version has begun. */
async function begun(t: TestContext, version: string, rollback?: ReloadModelsDeps['rollout']['rollback']) {
  const scene = await reloadScene(t);
  const { aliases, supervisor, settings, versions, traffic, clock } = scene;
  await scene.over(await versions.swap('detector', scene.request('v2'), 'anna'));
  const rollout = {
    swap: versions.swap.bind(versions),
    wait: versions.wait.bind(versions),
    find: versions.find.bind(versions),
    rollback: rollback ?? versions.rollback.bind(versions),
  };
  const prepare: ReloadModelsDeps['prepare'] = () => Promise.reject(new Error('nothing is prepared'));
  const now = settings.models['detector'];
  assert.ok(now !== undefined);
  const change = { model: 'detector', to: { ...now, version, priority: 7 }, swaps: true, renews: false };
  const deps = { live: settings, clock, supervisor, aliases, rollout, traffic, prepare };
  const { undo, done } = await applyToModel(deps, change);
  const state = () => {
    const { stable, previous, configured } = aliases.state('detector');
    return [stable, previous, configured, settings.models['detector']?.priority];
  };
  return { ...scene, undo, done, state };
}

const failed = { code: 'model_failed' };

it('a swap that has failed by itself is over: the version before it is not touched', async (t) => {
  const { undo, done, state, answers } = await begun(t, 'wrong-golden');
  await assert.rejects(done, failed);
  await undo();
  assert.deepEqual([...state(), await answers()], ['v2', 'v1', 'v1', 0, 'v2']);
});

it('a swap that runs is cut short, one that is done goes back one step', async (t) => {
  const running = await begun(t, 'silent');
  const cut = assert.rejects(running.done, failed);
  await settle();
  await running.undo();
  await cut;
  assert.deepEqual(running.state(), ['v2', 'v1', 'v1', 0]);

  const over = await begun(t, 'v3');
  await over.until('it is done', () => over.aliases.state('detector').configured === 'v3');
  await over.done;
  await over.undo();
  assert.deepEqual([...over.state(), await over.answers()], ['v2', 'v3', 'v1', 0, 'v2']);
});

it('what somebody has done since is the later word', async (t) => {
  const { undo, done, until, aliases, versions, state } = await begun(t, 'v3');
  await until('it is done', () => aliases.state('detector').configured === 'v3');
  await done;
  await versions.rollback('detector', { by: 'anna', why: '' });
  await undo();
  assert.deepEqual(state(), ['v2', 'v3', 'v1', 0]);
});

it('the settings are as before also where the way back is refused', async (t) => {
  const { undo, done, until, aliases, state } = await begun(t, 'v3', () =>
    Promise.reject(new Error('the disk is full')),
  );
  await until('it is done', () => aliases.state('detector').configured === 'v3');
  await done;
  await assert.rejects(undo(), /the disk is full/);
  assert.deepEqual(state(), ['v3', 'v2', 'v1', 0]);
});
