/** Versions on their way out, and those that are wanted again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settle } from '../fixtures/fake-process.ts';
import { scene } from './support.ts';

const who = { by: 'berta', why: '' };

/** A canary that answers a request, and was taken back. */
async function leavingCanary(s: ReturnType<typeof scene>) {
  await s.supervisor.start();
  await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'canary', percent: 99.9 }), 'anna'));
  const session = s.routers.begin('anna');
  assert.equal(session.model('detector')?.ref().version, 'v2');
  await s.versions.rollback('detector', who);
  await settle();
  return session;
}

describe('a canary that was taken back', () => {
  it('ends what it has begun, and then goes', async (t) => {
    const s = scene(t);
    const session = await leavingCanary(s);
    assert.equal(s.processes('v2').length, 1);
    session.end();
    await s.until('it is gone', () => s.supervisor.entryOf('detector', 'v2') === undefined);
    assert.equal(s.processes('v2').length, 0);
  });

  it('and is tried again at once, before it has ended its requests: its process stays', async (t) => {
    const s = scene(t);
    const session = await leavingCanary(s);
    const before = s.processes('v2');
    const again = await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'canary' }), 'anna'));
    assert.equal(again.state, 'live');
    session.end();
    s.clock.advance(60_000);
    await settle();
    assert.deepEqual(s.processes('v2'), before);
    assert.equal(s.ports.state('detector@v2').isReady, true);
  });

  it('and is tried again while its process ends: it is loaded anew', async (t) => {
    const stops: (() => void)[] = [];
    const s = scene(t, {
      onSent: (version, { type }, process) => {
        if (version !== 'v2' || type !== 'stop' || stops.length > 0) return false;
        stops.push(() => process.exit({ code: 0, signal: null }));
        return true;
      },
    });
    (await leavingCanary(s)).end();
    await s.until('it is told to end', () => stops.length > 0);
    const begun = s.versions.swap('detector', s.request('v2', { strategy: 'canary' }), 'anna');
    await settle();
    stops[0]?.();
    const again = await s.over(await begun);
    assert.deepEqual([again.state, again.reason], ['live', '']);
    assert.equal(s.ports.state('detector@v2').isReady, true);
  });

  it('waits no longer than a request may go on, as the settings say now', async (t) => {
    const s = scene(t);
    const session = await leavingCanary(s);
    // A reload changes them in place.
    s.settings.limits.max_timeout_ms = 2000;
    await s.versions.swap('detector', s.request('v2', { strategy: 'canary' }), 'anna');
    await s.until('it is live again', () => s.aliases.state('detector').canary !== null);
    await s.versions.rollback('detector', who);
    await settle();
    s.clock.advance(1900);
    await settle();
    assert.equal(s.processes('v2').length, 1);
    s.clock.advance(200);
    await settle();
    await s.until('it is gone', () => s.processes('v2').length === 0);
    assert.ok(s.clock.now() < 10_000);
    session.end();
  });

  it('is not cut off by the next swap', async (t) => {
    const s = scene(t);
    const session = await leavingCanary(s);
    const next = await s.over(await s.versions.swap('detector', s.request('v3'), 'anna'));
    assert.equal(next.state, 'done');
    assert.equal(s.processes('v2').length, 1, 'its request still runs');
    session.end();
    await s.until('it is gone', () => s.processes('v2').length === 0);
  });
});

describe('removing a version', () => {
  const removed = (s: ReturnType<typeof scene>, version: string, work = async () => {}) =>
    s.versions.withdraw('detector', version, 'anna', work);

  it('that a rollback would go back to: then there is no way back, and its process has ended', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
    await s.versions.rollback('detector', who);
    const { previous, generation } = s.aliases.state('detector');
    assert.equal(previous, 'v2');
    let left: number | null = null;
    await removed(s, 'v2', async () => void (left = s.processes('v2').length));
    const after = s.aliases.state('detector');
    assert.deepEqual([after.previous, after.generation, left], [null, generation + 1, 0]);
    assert.deepEqual([after.history.at(-1)?.action, after.history.at(-1)?.by], ['forget', 'anna']);
    await assert.rejects(s.versions.rollback('detector', who), /no version to go back/);
  });

  it('waits for the requests that it has begun', async (t) => {
    const s = scene(t);
    const session = await leavingCanary(s);
    let isRemoved = false;
    const removal = removed(s, 'v2', async () => void (isRemoved = true));
    await settle();
    assert.equal(isRemoved, false);
    await assert.rejects(s.versions.swap('detector', s.request('v2'), 'anna'), /is being removed/);
    session.end();
    await removal;
    assert.deepEqual([isRemoved, s.processes('v2').length], [true, 0]);
  });

  it('is refused while anything needs it', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    await assert.rejects(removed(s, 'v1'), /it cannot be removed/);
    const begun = await s.versions.swap('detector', s.request('silent'), 'anna');
    await assert.rejects(removed(s, 'silent'), /a swap uses it/);
    const back = s.versions.rollback('detector', who);
    await s.over(begun);
    await back;
    const checking = s.versions.swap('detector', s.request('v2'), 'anna');
    await assert.rejects(removed(s, 'v2'), /a swap uses it/);
    await s.over(await checking);
    await assert.rejects(removed(s, 'v2'), /it cannot be removed/);
  });
});

it('what is being proven before it is registered is not ended by a swap', async (t) => {
  const s = scene(t);
  await s.supervisor.start();
  const manifest = (await s.ports.listVersions('detector')).find(({ version }) => version === 'v3')?.manifest;
  assert.ok(manifest);
  const { name } = s.supervisor.addVersion('detector', 'v3', manifest);
  const show = s.ports.hide(name);
  await s.ports.load(name, new AbortController().signal, () => {});
  assert.equal((await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'))).state, 'done');
  assert.equal(s.processes('v3').length, 1);
  show();
  assert.equal(s.ports.entryOf('detector', 'v3'), name);
});
