import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelSettings, Settings } from '../../src/contract/settings.ts';
import { settle } from '../fixtures/fake-process.ts';
import { detectorManifest } from '../fixtures/manifests.ts';
import { reloadScene, rows } from './reload-support.ts';
import { job } from './support.ts';

type Scene = Awaited<ReturnType<typeof reloadScene>>;

function modelIn(settings: Settings, name: string): ModelSettings {
  const found = settings.models[name];
  assert.ok(found !== undefined, `no ${name} in the settings`);
  return found;
}

/** Writes another detector into the settings. */
function anime({ write }: Scene, given: Partial<ModelSettings> = {}): void {
  write((next) => {
    next.models['anime'] = { ...modelIn(next, 'detector'), version: 'v2', ...given };
  });
}

/** Version that answers, or null where there is no such model. */
async function ask({ routers }: Scene, model: string): Promise<string | null> {
  const session = routers.begin('anna');
  try {
    const found = session.model(model);
    await found?.router.infer(job());
    return found?.ref().version ?? null;
  } finally {
    session.end();
  }
}

describe('a model that a reload adds', () => {
  it('is proven first, then serves and is kept as its settings say; the others stay', async (t) => {
    const scene = await reloadScene(t);
    const { reload, supervisor, aliases, pids, until } = scene;
    const before = pids();
    anime(scene);
    assert.deepEqual(rows(await reload.reload(true)), ['models.anime model_added']);
    assert.equal(await ask(scene, 'anime'), null);
    assert.deepEqual(pids(), before);

    assert.deepEqual(rows(await reload.reload(false)), ['models.anime model_added']);
    const entry = supervisor.models.get('anime');
    assert.equal(entry?.settings.residency, 'on_demand', 'readiness does not wait for it');
    await until('it is kept', () => entry?.settings.residency === 'resident');
    assert.equal(entry?.process.availability, 'ready');
    assert.equal(await ask(scene, 'anime'), 'v2');
    assert.equal(aliases.state('anime').stable, 'v2');
    assert.deepEqual(pids(), new Map([...before, ['anime', entry?.process.child?.pid]]));
    await settle();
    assert.deepEqual(rows(await reload.reload(true)), []);
  });

  it('waits for its first request where it is loaded on demand', async (t) => {
    const scene = await reloadScene(t);
    const { reload, supervisor } = scene;
    anime(scene, { residency: 'on_demand', idle_ttl_ms: 1234 });
    await reload.reload(false);
    await settle();
    const entry = supervisor.models.get('anime');
    assert.deepEqual([entry?.process.child, entry?.settings.idle_ttl_ms], [null, 1234]);
    assert.equal(supervisor.residency.view('anime')?.pinned, false);
    assert.equal(await ask(scene, 'anime'), 'v2');
  });

  for (const version of ['wrong-golden', 'crashes', 'silent']) {
    it(`is gone again where it does not start (${version}), and stays a difference`, async (t) => {
      const scene = await reloadScene(t);
      const { reload, supervisor, settings, told, until, pids, aliases } = scene;
      const before = pids();
      anime(scene, { version });
      await reload.reload(false);
      await until('the failure is told', () => told.length === 2);
      assert.match(told[1]?.detail ?? '', /^anime could not be added: /);
      assert.deepEqual(pids(), before);
      assert.equal(supervisor.residency.view('anime'), null);
      assert.equal(settings.models['anime'], undefined);
      assert.throws(() => aliases.state('anime'), { code: 'not_found' });
      assert.equal(await ask(scene, 'anime'), null);
      await settle();
      assert.deepEqual(rows(await reload.reload(true)), ['models.anime model_added']);
    });
  }

  it('is refused with everything beside it where its version is not there', async (t) => {
    const scene = await reloadScene(t);
    const { reload, write, settings, pids } = scene;
    const before = pids();
    anime(scene, { version: 'nowhere' });
    write((next) => {
      next.limits.max_faces = 7;
    });
    for (const dryRun of [true, false]) {
      await assert.rejects(reload.reload(dryRun), {
        code: 'invalid_argument',
        message: /models\.anime\.version: .*nowhere/,
      });
    }
    assert.deepEqual([settings.limits.max_faces, settings.models['anime']], [100, undefined]);
    assert.deepEqual(pids(), before);
  });

  it('is refused with everything beside it where its weights cannot be had', async (t) => {
    const scene = await reloadScene(t, [{ graph: 'g', file: 'g.onnx', bytes: 1 }]);
    const { reload, write, settings, pids } = scene;
    const before = pids();
    anime(scene);
    write((next) => {
      next.limits.max_faces = 7;
      next.store.mirrors = ['/elsewhere'];
    });
    const { mirrors } = settings.store;
    await assert.rejects(reload.reload(false), { code: 'invalid_argument', message: /anime.*g\.onnx/ });
    assert.deepEqual([settings.limits.max_faces, settings.models['anime']], [100, undefined]);
    assert.deepEqual(settings.store.mirrors, mirrors);
    assert.deepEqual(pids(), before);
    await settle();
    await assert.rejects(reload.reload(false), { code: 'invalid_argument' }, 'nothing goes on');
  });

  it('is looked for in a mirror that is new as well', async (t) => {
    const seen: (readonly string[])[] = [];
    const scene = await reloadScene(t, [], (settings) => seen.push(settings.store.mirrors));
    anime(scene);
    scene.write((next) => {
      next.store.mirrors = ['/elsewhere'];
    });
    await scene.reload.reload(false);
    assert.deepEqual([seen, scene.settings.store.mirrors], [[['/elsewhere']], ['/elsewhere']]);
  });
});

describe('a model that a reload removes', () => {
  it('is given to nobody from then on, and ends when the requests that have it have ended', async (t) => {
    const scene = await reloadScene(t);
    const { reload, write, routers, supervisor, versions, request, until, pids, settings } = scene;
    const before = pids();
    const session = routers.begin('anna');
    const model = session.model('detector');
    write((next) => {
      delete next.models['detector'];
    });
    assert.deepEqual(rows(await reload.reload(false)), ['models.detector model_removed']);
    assert.equal(await ask(scene, 'detector'), null);
    await assert.rejects(versions.swap('detector', request('v2'), 'test'), { code: 'not_found' });
    await assert.rejects(reload.reload(false), { code: 'conflict' }, 'it goes on');
    await settle();
    const entry = supervisor.models.get('detector');
    assert.notEqual(entry?.process.readyChild, null);
    assert.equal(entry?.settings.residency, 'on_demand', 'readiness does not ask for it');
    await model?.router.infer(job());
    session.end();
    await until('it is gone', () => !supervisor.models.has('detector'));
    assert.equal(supervisor.residency.view('detector'), null);
    before.delete('detector');
    assert.deepEqual(pids(), before);
    assert.equal('detector' in settings.models, false);
    await settle();
    assert.deepEqual(rows(await reload.reload(true)), []);
  });

  it('takes along the version that was kept warm, and comes back with its history', async (t) => {
    const scene = await reloadScene(t);
    const { reload, detector, supervisor, aliases, versions, request, over, until } = scene;
    await over(await versions.swap('detector', request('v2'), 'anna'));
    detector({ enabled: false });
    assert.deepEqual(rows(await reload.reload(false)), ['models.detector.enabled model_removed']);
    const isGone = (): boolean => [...supervisor.models.values()].every(({ model }) => model !== 'detector');
    await until('both are gone', isGone);
    await settle();

    detector({ enabled: true, version: 'v3' });
    assert.deepEqual(rows(await reload.reload(false)).sort(), [
      'models.detector.enabled model_added',
      'models.detector.version model_added',
    ]);
    await until('it serves', () => supervisor.entryOf('detector', 'v3')?.process.availability === 'ready');
    assert.equal(await ask(scene, 'detector'), 'v3');
    const { history, previous } = aliases.state('detector');
    assert.deepEqual([history.at(-1)?.by, history.at(-2)?.by, previous], ['settings', 'anna', 'v2']);
  });

  it('is not removed while a swap of it goes on', async (t) => {
    const { reload, detector, versions, request, over, supervisor } = await reloadScene(t);
    await over(await versions.swap('detector', request('v3', { strategy: 'canary' }), 'test'));
    detector({ enabled: false });
    await assert.rejects(reload.reload(false), { code: 'conflict', message: /v3/ });
    assert.equal(supervisor.models.has('detector'), true);
  });

  it('whose requests are too slow does not wait for them for ever', async (t) => {
    const scene = await reloadScene(t);
    const { reload, detector, routers, supervisor, until, settings, clock } = scene;
    routers.begin('anna').model('detector');
    detector({ enabled: false });
    const begun = clock.now();
    await reload.reload(false);
    await until('it is gone', () => !supervisor.models.has('detector'));
    assert.ok(clock.now() - begun >= settings.limits.max_timeout_ms);
  });
});

describe('a model that is not served before and after', () => {
  it('is only noted', async (t) => {
    const scene = await reloadScene(t);
    const { reload, settings, pids } = scene;
    const before = pids();
    anime(scene, { enabled: false });
    assert.deepEqual(rows(await reload.reload(false)), ['models.anime applied']);
    assert.equal(settings.models['anime']?.enabled, false);
    assert.equal(await ask(scene, 'anime'), null);
    await settle();
    scene.write((next) => {
      delete next.models['anime'];
    });
    assert.deepEqual(rows(await reload.reload(false)), ['models.anime applied']);
    assert.equal(settings.models['anime'], undefined);
    assert.deepEqual(pids(), before);
  });
});

describe('a version that is being proven while its model is removed', () => {
  it('is refused, and nothing of it stays', async (t) => {
    const scene = await reloadScene(t);
    const { reload, detector, supervisor, ports, until } = scene;
    const manifest = { ...detectorManifest(), version: 'silent' };
    const { name } = supervisor.addVersion('detector', 'silent', manifest);
    const proving = ports.load(name, new AbortController().signal, () => {});
    const refused = assert.rejects(proving, { code: 'model_stopped' });
    await settle();
    detector({ enabled: false });
    await reload.reload(false);
    await until('all of it is gone', () => ![...supervisor.models.values()].some(({ model }) => model === 'detector'));
    await refused;
    // As whoever proved it ends: there is nothing to do any more.
    await ports.stop(name, 'it was proven, or not');
    ports.remove(name);
  });
});
