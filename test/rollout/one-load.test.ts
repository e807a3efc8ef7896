import assert from 'node:assert/strict';
import test from 'node:test';
import { OneLoad } from '../../src/rollout/one-load.ts';
import { settle } from '../fixtures/fake-process.ts';
import { scene } from './support.ts';

const NEVER = new AbortController().signal;

test('one after the other, in the order of the calls; a failure lets the next one go', async () => {
  const loads = new OneLoad();
  const told: string[] = [];
  const gates = ['a', 'b', 'c'].map((name) => ({ name, ...Promise.withResolvers<void>() }));
  const done = gates.map(({ name, promise }) =>
    loads
      .run(NEVER, async () => {
        told.push(`${name} begins`);
        await promise;
      })
      .catch(() => told.push(`${name} failed`)),
  );
  await settle();
  assert.deepEqual([told, loads.isBusy], [['a begins'], true]);
  gates[1]?.resolve();
  gates[0]?.reject(new Error('no'));
  await settle();
  gates[2]?.resolve();
  await Promise.all(done);
  assert.deepEqual(told, ['a begins', 'a failed', 'b begins', 'c begins']);
  assert.equal(loads.isBusy, false);
});

test('who gives up while it waits does not let others go before their turn', async () => {
  const loads = new OneLoad();
  const first = Promise.withResolvers<void>();
  const running = loads.run(NEVER, () => first.promise);
  const abort = new AbortController();
  const given = loads.run(abort.signal, () => Promise.reject(new Error('it never begins')));
  let isThird = false;
  const third = loads.run(NEVER, async () => void (isThird = true));
  abort.abort(new Error('taken back'));
  await assert.rejects(given, /taken back/);
  assert.equal(isThird, false);
  first.resolve();
  await Promise.all([running, third]);
  assert.equal(isThird, true);
});

test('swaps of two models load one after the other; a way back waits for nobody', async (t) => {
  const s = scene(t, { settings: (d) => ({ ...d, rollout: { ...d.rollout, keep_warm_ms: 0 } }) });
  await s.supervisor.start();
  await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
  const silent = await s.versions.swap('detector', s.request('silent'), 'anna');
  await s.until('it is loaded', () => s.processes('silent').length === 1);
  const other = await s.versions.swap('recognizer', s.request('r2'), 'anna');
  await settle();
  const steps = s.versions.find(other.id).steps.map(({ step, detail }) => [step, detail]);
  assert.deepEqual(steps.at(-1), ['start', 'another version is loaded first']);
  assert.equal(s.processes('r2').length, 0);
  await s.until('the silent one is given up', () => s.versions.find(silent.id).state === 'failed');
  await s.until('it is loaded', () => s.versions.find(other.id).state === 'done');

  const again = await s.versions.swap('recognizer', s.request('omz-0095'), 'anna');
  const slow = await s.versions.swap('detector', s.request('silent'), 'anna');
  await s.over(again);
  await s.until('it is loaded', () => s.processes('silent').length === 1);
  const back = await s.versions.rollback('recognizer', { by: 'anna', why: '' });
  assert.deepEqual([back.state, s.versions.find(slow.id).state], ['done', 'running']);
  await s.until('the silent one is given up', () => s.versions.find(slow.id).state === 'failed');
});
