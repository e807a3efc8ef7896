import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AliasStore } from '../../src/rollout/alias-store.ts';
import { settle } from '../fixtures/fake-process.ts';
import { reloadScene, rows } from './reload-support.ts';

type Scene = Pick<Awaited<ReturnType<typeof reloadScene>>, 'settings' | 'clock'>;

/** Stable version, version before and generation of a server that starts now, with settings that name this version. */
function restarted({ settings, clock }: Scene, version: string): unknown[] {
  const aliases = new AliasStore({
    dataDir: settings.data_dir,
    configured: new Map([['detector', version]]),
    now: () => clock.date(),
    onTrouble: (what, cause) => {
      throw new Error(what, { cause });
    },
  });
  const { stable, previous, generation } = aliases.state('detector');
  return [stable, previous, generation];
}

describe('a model whose settings change', () => {
  it('gives the stable version its weights, and keeps what a person pinned', async (t) => {
    const { reload, detector, supervisor, pids } = await reloadScene(t);
    const before = pids();
    supervisor.residency.command('pin', 'detector');
    detector({ residency: 'on_demand', idle_ttl_ms: 5000, priority: 3 });
    await reload.reload(false);
    const entry = supervisor.models.get('detector');
    assert.deepEqual(
      [entry?.settings.residency, entry?.settings.idle_ttl_ms, entry?.settings.priority],
      ['on_demand', 5000, 3],
    );
    assert.equal(supervisor.residency.view('detector')?.pinned, true);
    await settle();
    detector({ pin: true });
    await reload.reload(false);
    await settle();
    detector({ pin: false });
    await reload.reload(false);
    assert.equal(supervisor.residency.view('detector')?.pinned, false);
    assert.deepEqual(pids(), before);
  });

  it('swaps to another version; the settings have named it from then on', async (t) => {
    const { reload, detector, answers, aliases, until, pids } = await reloadScene(t);
    const before = pids();
    detector({ version: 'v2' });
    assert.deepEqual(rows(await reload.reload(false)), ['models.detector.version model_swapped']);
    await assert.rejects(reload.reload(false), { code: 'conflict' });
    await until('the swap is over', () => aliases.state('detector').configured === 'v2');
    assert.equal(await answers(), 'v2');
    assert.equal(aliases.state('detector').stable, 'v2');
    assert.deepEqual(
      [pids().get('recognizer'), pids().get('liveness')],
      [before.get('recognizer'), before.get('liveness')],
    );
    await settle();
    assert.deepEqual(rows(await reload.reload(true)), []);
  });

  it('goes back to the version before, also after the first change, and stays there', async (t) => {
    const scene = await reloadScene(t);
    const { reload, detector, answers, aliases, until, versions } = scene;
    detector({ version: 'v2' });
    await reload.reload(false);
    await until('the swap is over', () => aliases.state('detector').configured === 'v2');
    const { stable, previous, history, generation } = aliases.state('detector');
    assert.deepEqual([stable, previous, generation], ['v2', 'v1', 1]);
    assert.deepEqual([history[1]?.by, history[1]?.why], ['reload', 'the settings name it']);
    await assert.rejects(versions.rollback('detector', { by: 'anna', why: '', ifGeneration: 0 }), { code: 'conflict' });

    assert.equal((await versions.rollback('detector', { by: 'anna', why: '', ifGeneration: 1 })).state, 'done');
    assert.equal(await answers(), 'v1');
    await settle();
    assert.deepEqual(rows(await reload.reload(false)), [], 'the settings have said nothing new');
    assert.deepEqual(restarted(scene, 'v2'), ['v1', 'v2', 2]);
  });

  it('changed twice, goes back one step; changed back, goes forth again', async (t) => {
    for (const [third, back] of [
      ['v3', 'v2'],
      ['v1', 'v2'],
    ] as const) {
      const { reload, detector, answers, aliases, until, versions } = await reloadScene(t);
      for (const version of ['v2', third]) {
        detector({ version });
        await reload.reload(false);
        await until('the swap is over', () => aliases.state('detector').configured === version);
        await settle();
      }
      assert.deepEqual([aliases.state('detector').stable, aliases.state('detector').previous], [third, back]);
      assert.equal((await versions.rollback('detector', { by: 'anna', why: '' })).state, 'done');
      assert.equal(await answers(), back);
    }
  });

  it('wins over a promotion, and goes back to it', async (t) => {
    const { reload, detector, answers, aliases, until, versions, over, request } = await reloadScene(t);
    await over(await versions.swap('detector', request('v3'), 'anna'));
    detector({ version: 'v2' });
    await reload.reload(false);
    await until('the swap is over', () => aliases.state('detector').configured === 'v2');
    assert.deepEqual([aliases.state('detector').stable, aliases.state('detector').previous], ['v2', 'v3']);
    await versions.rollback('detector', { by: 'anna', why: '' });
    assert.equal(await answers(), 'v3');
  });

  it('taken back while the old version still ends its requests, is taken back: a restart does not bring it again', async (t) => {
    const scene = await reloadScene(t);
    const { reload, detector, answers, aliases, until, versions, routers, told } = scene;
    const session = routers.begin('a client that gets v1');
    assert.equal(session.model('detector')?.ref().version, 'v1');
    detector({ version: 'v2' });
    await reload.reload(false);
    await until('it is switched', () => aliases.state('detector').stable === 'v2');
    assert.equal(aliases.state('detector').configured, 'v1', 'the old version still ends its requests');
    assert.equal((await versions.rollback('detector', { by: 'anna', why: '' })).state, 'rolled_back');
    session.end();
    await settle();
    assert.equal(await answers(), 'v1');
    assert.deepEqual(restarted(scene, 'v2'), ['v1', 'v2', 2]);
    assert.deepEqual(rows(await reload.reload(false)), []);
    assert.ok(told.every(({ ok }) => ok));
  });

  it('taken back before it was proven, has not been reached: the settings are still to be followed', async (t) => {
    const scene = await reloadScene(t);
    const { reload, detector, answers, aliases, until, versions, told } = scene;
    detector({ version: 'silent' });
    await reload.reload(false);
    await settle();
    assert.equal((await versions.rollback('detector', { by: 'anna', why: '' })).state, 'rolled_back');
    await until('it is told', () => told.some(({ ok }) => !ok));
    assert.equal(await answers(), 'v1');
    assert.equal(aliases.state('detector').configured, 'v1');
    await settle();
    assert.deepEqual(rows(await reload.reload(true)), ['models.detector.version model_swapped']);
  });

  it('whose new version does not start leaves the old one, says so, and tries again when it is asked again', async (t) => {
    const { reload, detector, answers, aliases, until, told } = await reloadScene(t);
    detector({ version: 'wrong-golden' });
    await reload.reload(false);
    await until('the failure is told', () => told.length === 2);
    assert.match(told[1]?.detail ?? '', /detector could not be replaced by wrong-golden: .*golden/);
    assert.equal(await answers(), 'v1');
    assert.equal(aliases.state('detector').configured, 'v1');
    await settle();
    assert.deepEqual(rows(await reload.reload(true)), ['models.detector.version model_swapped']);
  });

  it('starts one model again for what only a new process can have', async (t) => {
    const { reload, detector, pids, until, supervisor, processes } = await reloadScene(t);
    const before = pids();
    detector({ threads: 3 });
    assert.deepEqual(rows(await reload.reload(false)), ['models.detector.threads model_restarted']);
    const isBack = (): boolean =>
      pids().get('detector') !== before.get('detector') &&
      supervisor.models.get('detector')?.process.availability === 'ready';
    await until('it is back', isBack);
    const after = pids();
    assert.deepEqual(
      [after.get('recognizer'), after.get('liveness')],
      [before.get('recognizer'), before.get('liveness')],
    );
    const loads = processes('v1').map(({ sent }) => sent.find(({ type }) => type === 'load')?.params);
    assert.deepEqual(
      loads.map((params) => (params as { readonly threads: number }).threads),
      [3],
    );
  });

  it('asks for second opinions only when they can be had', async (t) => {
    const { reload, detector, settings, until, routers, pids } = await reloadScene(t);
    const gives = (): boolean | undefined => routers.begin('anna').model('detector')?.opinions();
    const before = pids();
    detector({ opinions: true });
    await reload.reload(false);
    assert.equal(gives(), false);
    await until('its process gives them', () => gives() === true);
    assert.notEqual(pids().get('detector'), before.get('detector'));
    assert.equal(settings.models['detector']?.opinions, true);
    await settle();
    detector({ opinions: false });
    await reload.reload(false);
    assert.equal(settings.models['detector']?.opinions, false);
  });

  it('changes nothing of a model whose second opinions have no weights', async (t) => {
    const { reload, detector, settings, told, until, pids } = await reloadScene(t, [
      { graph: 'g', file: 'g.onnx', bytes: 1 },
    ]);
    const before = pids();
    detector({ opinions: true });
    await reload.reload(false);
    await until('it is told', () => told.length === 2);
    assert.match(told[1]?.detail ?? '', /g\.onnx/);
    assert.deepEqual(pids(), before);
    assert.equal(settings.models['detector']?.opinions, false);
    await settle();
    assert.deepEqual(rows(await reload.reload(true)), ['models.detector.opinions model_restarted']);
  });
});
