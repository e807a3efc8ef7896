import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { endTrial, tryOut } from '../../src/pipeline/reembed-trial.ts';
import { fakeRollout, settle } from './reembed-support.ts';

const SHADOW = {
  version: 'v2',
  strategy: 'shadow',
  percent: 5,
  auto_rollback: true,
  allow_evict: true,
  allow_gap: false,
  why: 'to see',
} as const;

test('a version that nobody tries becomes a shadow, and is none afterwards', async () => {
  const rollout = fakeRollout();
  const trial = await tryOut(rollout, 'recognizer', 'v2');
  assert.deepEqual(trial, { model: 'recognizer', swap: 'swap 1', isOurs: true });
  await endTrial(rollout, trial);
  await endTrial(rollout, trial);
  assert.deepEqual(rollout.calls, ['swap v2 shadow 0.1 by facepool', 'rollback by facepool'], 'once is enough');
});

test('what somebody else tries is used, and left as it is', async () => {
  const rollout = fakeRollout();
  const { id } = await rollout.swap('recognizer', SHADOW, 'anna');
  await settle();
  const trial = await tryOut(rollout, 'recognizer', 'v2');
  assert.deepEqual(trial, { model: 'recognizer', swap: id, isOurs: false });
  await endTrial(rollout, trial);
  assert.deepEqual([rollout.calls.length, rollout.shadow?.version], [1, 'v2']);
});

test('after a restart the server resumes both; whose it was, the history knows', async () => {
  for (const [by, why, isOurs] of [
    ['facepool', 'people are embedded anew', true],
    ['anna', 'people are embedded anew', false],
    ['facepool', 'another reason', false],
  ] as const) {
    const rollout = fakeRollout();
    rollout.next = null;
    await rollout.swap('recognizer', { ...SHADOW, why: 'after a restart' }, 'facepool');
    const share = { version: 'v2', percent: 0.1 };
    rollout.history.push({
      generation: 1,
      at: '',
      by,
      action: 'shadow',
      stable: 'v1',
      canary: null,
      shadow: share,
      why,
    });
    assert.equal((await tryOut(rollout, 'recognizer', 'v2')).isOurs, isOurs, `${by}: ${why}`);
  }
});

test('one of ours that somebody made a canary is theirs', async () => {
  const rollout = fakeRollout();
  const trial = await tryOut(rollout, 'recognizer', 'v2');
  await settle();
  assert.ok(rollout.swapNow);
  rollout.swapNow = { ...rollout.swapNow, strategy: 'canary' };
  await endTrial(rollout, trial);
  assert.deepEqual(rollout.calls, ['swap v2 shadow 0.1 by facepool']);
  assert.equal((await tryOut(rollout, 'recognizer', 'v2')).isOurs, false);
});

test('an immediate swap is no trial, and a refusal is told', async () => {
  const rollout = fakeRollout();
  rollout.next = null;
  await rollout.swap('recognizer', { ...SHADOW, strategy: 'immediate' }, 'anna');
  rollout.refusal = new FacepoolError('swap_in_progress', 'the swap to v2 goes on');
  await assert.rejects(tryOut(rollout, 'recognizer', 'v2'), { code: 'swap_in_progress' });
});
