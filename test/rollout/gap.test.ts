/** The old version goes first: what the aliases say meanwhile, and how it is taken back. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Settings } from '../../src/contract/settings.ts';
import { settle } from '../fixtures/fake-process.ts';
import { detectorManifest } from '../fixtures/manifests.ts';
import { scene } from './support.ts';

/** Room for one version, and not for a second. */
const tight = (d: Settings): Settings => ({
  ...d,
  memory: { ...d.memory, budgets: ['cpu=15'], headroom_mb: 0 },
  models: Object.fromEntries(
    Object.entries(d.models).map(([name, m]) => [name, name === 'detector' ? m : { ...m, enabled: false }]),
  ),
});
const who = { by: 'berta', why: 'too slow' };

describe('a gap', () => {
  it('leaves the aliases alone until the new version is proven: a server that dies in it has served none', async (t) => {
    const s = scene(t, { settings: tight });
    await s.supervisor.start();
    const begun = await s.versions.swap('detector', s.request('silent', { allow_gap: true }), 'anna');
    await s.until('the old one has gone', () => s.processes('v1').length === 0 && s.processes('silent').length === 1);
    assert.equal(s.traffic.choose('detector', 'anna').entry, 'detector@silent', 'requests wait for the new one');
    assert.equal(s.aliases.state('detector').stable, 'v1');
    assert.equal(s.open().aliases.state('detector').stable, 'v1', 'another server would begin with it');
    assert.equal(s.versions.find(begun.id).state, 'running');
  });

  it('that fails leaves no trace in the aliases: what was previous is, and not the broken version', async (t) => {
    const s = scene(t, { settings: tight });
    await s.supervisor.start();
    const swap = await s.over(
      await s.versions.swap('detector', s.request('wrong-golden', { allow_gap: true }), 'anna'),
    );
    assert.equal(swap.state, 'failed');
    const { stable, previous, generation, history } = s.aliases.state('detector');
    assert.deepEqual([stable, previous, generation, history.length], ['v1', null, 0, 1]);
    assert.equal(await s.answers(), 'v1');
    assert.equal(s.supervisor.entryOf('detector', 'wrong-golden'), undefined);
  });

  it('is not opened for a version whose graphs cannot be had, nor before they are there', async (t) => {
    const made = Promise.withResolvers<void>();
    const s = scene(t, { settings: tight, ports: () => ({ obtain: () => made.promise }) });
    await s.supervisor.start();
    const [before] = s.processes('v1');
    const begun = await s.versions.swap('detector', s.request('v2', { allow_gap: true }), 'anna');
    await settle();
    assert.equal(s.traffic.choose('detector', 'anna').entry, 'detector');
    made.reject(new Error('the file is not an ONNX model'));
    const swap = await s.over(begun);
    assert.deepEqual([swap.state, swap.reason, swap.gap_ms], ['failed', 'the file is not an ONNX model', null]);
    assert.deepEqual(s.processes('v1'), [before], 'it never stopped');
  });

  it('makes the graphs ready that its process will load, also where the settings have become others', async (t) => {
    const obtained: (readonly [version: string, opinions: boolean])[] = [];
    const s = scene(t, { settings: tight, onPrepare: (version, opinions) => obtained.push([version, opinions]) });
    await s.supervisor.start();
    s.supervisor.addVersion('detector', 'v2', { ...detectorManifest(), version: 'v2' });
    s.supervisor.configureVersion('detector@v2', { opinions: true });
    const swap = await s.over(await s.versions.swap('detector', s.request('v2', { allow_gap: true }), 'anna'));
    assert.ok(swap.gap_ms !== null);
    assert.deepEqual(obtained[0], ['v2', true]);
  });

  it('is one change when it is done, written once', async (t) => {
    const s = scene(t, { settings: tight });
    await s.supervisor.start();
    const swap = await s.over(await s.versions.swap('detector', s.request('v2', { allow_gap: true }), 'anna'));
    assert.equal(swap.state, 'done');
    assert.ok(swap.gap_ms !== null && swap.gap_ms >= 0);
    const file: unknown = JSON.parse(readFileSync(path.join(s.settings.data_dir, 'aliases.json'), 'utf8'));
    const { stable, previous, generation } = s.aliases.state('detector');
    assert.deepEqual([stable, previous, generation], ['v2', 'v1', 1]);
    assert.match(JSON.stringify(file), /"stable":"v2"/);
    assert.equal(s.traffic.choose('detector', 'anna').entry, 'detector@v2');
  });

  it('is taken back while the old version still ends its requests: it never stopped', async (t) => {
    const s = scene(t, { settings: tight });
    await s.supervisor.start();
    const [before] = s.processes('v1');
    const session = s.routers.begin('anna');
    assert.equal(session.model('detector')?.ref().version, 'v1');
    const begun = await s.versions.swap('detector', s.request('v2', { allow_gap: true }), 'anna');
    await settle();
    const now = s.clock.now();
    const swap = await s.versions.rollback('detector', who);
    assert.deepEqual([swap.id, swap.state], [begun.id, 'rolled_back']);
    assert.equal(s.clock.now(), now, 'it waits for nobody’s request');
    assert.deepEqual([await s.answers(), s.processes('v1')], ['v1', [before]]);
    session.end();
    await settle();
    assert.deepEqual(s.processes('v1'), [before]);
  });

  it('is taken back while the new version is loaded: the old one comes back', async (t) => {
    const s = scene(t, { settings: tight });
    await s.supervisor.start();
    const begun = await s.versions.swap('detector', s.request('silent', { allow_gap: true }), 'anna');
    await s.until('it is loaded', () => s.processes('silent').length === 1);
    const back = s.versions.rollback('detector', who);
    await s.until('it is over', () => s.versions.find(begun.id).state !== 'running');
    assert.deepEqual([(await back).state, await s.answers()], ['rolled_back', 'v1']);
  });
});
