/** What goes back by itself, whatever else goes on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settle } from '../fixtures/fake-process.ts';
import { scene } from './support.ts';

/** v2 has just become stable. */
async function swapped(t: Parameters<typeof scene>[0]) {
  const s = scene(t);
  await s.supervisor.start();
  for (let i = 0; i < 100; i++) s.traffic.onOutcome('detector', { ok: true, ms: 5 });
  await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
  const fail = (): void => {
    for (let i = 0; i < 100; i++) s.traffic.onOutcome('detector@v2', { ok: false, ms: 5 });
  };
  return { s, fail };
}

describe('what has become stable and is bad goes back', () => {
  it('also while a canary of another version is tried', async (t) => {
    const { s, fail } = await swapped(t);
    const canary = await s.over(await s.versions.swap('detector', s.request('v3', { strategy: 'canary' }), 'anna'));
    assert.equal(canary.state, 'live');
    fail();
    s.clock.advance(1000);
    await s.until('v1 is stable', () => s.aliases.state('detector').stable === 'v1');
    assert.equal(s.aliases.state('detector').canary, null);
    assert.equal(s.versions.find(canary.id).state, 'rolled_back');
    assert.equal(await s.answers(), 'v1');
  });

  it('also after a canary of another version was taken back', async (t) => {
    const { s, fail } = await swapped(t);
    await s.over(await s.versions.swap('detector', s.request('v3', { strategy: 'canary' }), 'anna'));
    await s.versions.rollback('detector', { by: 'anna', why: '' });
    fail();
    s.clock.advance(1000);
    await s.until('v1 is stable', () => s.aliases.state('detector').stable === 'v1');
  });

  it('also while another swap is loaded, which is cut short', async (t) => {
    const { s, fail } = await swapped(t);
    const next = await s.versions.swap('detector', s.request('silent'), 'anna');
    await s.until('it is loaded', () => s.processes('silent').length === 1);
    fail();
    s.clock.advance(1000);
    await s.until('v1 is stable', () => s.aliases.state('detector').stable === 'v1');
    assert.equal(s.versions.find(next.id).state, 'rolled_back');
  });

  it('from the switch on: it does not wait until the old version has ended its requests', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    const session = s.routers.begin('anna');
    assert.equal(session.model('detector')?.ref().version, 'v1');
    const begun = await s.versions.swap('detector', s.request('v2'), 'anna');
    await s.until('it is switched', () => s.aliases.state('detector').stable === 'v2');
    for (let i = 0; i < 100; i++) s.traffic.onOutcome('detector@v2', { ok: false, ms: 5 });
    s.clock.advance(1000);
    await settle();
    assert.equal(s.aliases.state('detector').stable, 'v1');
    assert.equal(s.versions.find(begun.id).state, 'rolled_back');
    session.end();
  });

  it('unless its model is served no more', async (t) => {
    const { s } = await swapped(t);
    for (const { entry } of s.ports.entries('detector')) {
      await s.ports.stop(entry, 'a reload');
      s.ports.remove(entry);
    }
    s.aliases.remove('detector');
    for (let i = 0; i < 3; i++) {
      s.clock.advance(1000);
      await settle();
    }
    assert.equal(s.supervisor.entryOf('detector', 'v2'), undefined);
    assert.equal(s.aliases.find('detector'), null);
  });

  it('not when it was asked not to', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    await s.over(await s.versions.swap('detector', s.request('v2', { auto_rollback: false }), 'anna'));
    for (let i = 0; i < 100; i++) s.traffic.onOutcome('detector@v2', { ok: false, ms: 5 });
    s.clock.advance(3000);
    await settle();
    assert.equal(s.aliases.state('detector').stable, 'v2');
  });
});

it('a canary whose process does not come back any more goes back, although nobody was failed by it', async (t) => {
  let isBroken = false;
  const s = scene(t, {
    onSent: (version, { type }, process) => {
      if (version !== 'v2' || type !== 'load' || !isBroken) return false;
      process.exit({ code: null, signal: 'SIGSEGV' });
      return true;
    },
  });
  await s.supervisor.start();
  const { id } = await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'canary' }), 'anna'));
  isBroken = true;
  s.processes('v2')[0]?.exit({ code: null, signal: 'SIGSEGV' });
  await s.until('it goes back', () => s.versions.find(id).state === 'rolled_back');
  assert.match(s.versions.find(id).reason, /it is failed: /);
  await s.until('it is gone', () => s.supervisor.entryOf('detector', 'v2') === undefined);
});
