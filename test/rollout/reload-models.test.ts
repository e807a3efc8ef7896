import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settle } from '../fixtures/fake-process.ts';
import { reloadScene, rows } from './reload-support.ts';

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
    const { reload, detector, settings, until } = await reloadScene(t);
    detector({ opinions: true });
    await reload.reload(false);
    assert.equal(settings.models['detector']?.opinions, false);
    await until('every process gives them', () => settings.models['detector']?.opinions === true);
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
