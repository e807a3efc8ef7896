/** A server that starts with settings that name another version than before: the way back. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { AliasStore } from '../../src/rollout/alias-store.ts';
import { scene, type SceneOptions } from './support.ts';

const who = { by: 'berta', why: 'odd boxes' };
const isCode =
  (code: string, detail = /./) =>
  (e: unknown): boolean =>
    e instanceof FacepoolError && e.code === code && detail.test(e.message);

/** The model has served `before`, and now the settings name `now`. */
async function restarted(
  t: TestContext,
  [model, before, now]: readonly [string, string, string],
  options: SceneOptions = {},
) {
  const named = (settings: Settings, version: string): Settings => {
    const own = settings.models[model];
    assert.ok(own !== undefined);
    return { ...settings, models: { ...settings.models, [model]: { ...own, version } } };
  };
  const server = scene(t, {
    ...options,
    settings: (settings) => {
      const first = new AliasStore({
        dataDir: settings.data_dir,
        configured: new Map([[model, before]]),
        now: () => new Date(0),
        onTrouble: (what, cause) => {
          throw new Error(what, { cause });
        },
      });
      first.found([model]);
      return named(settings, now);
    },
  });
  await server.supervisor.start();
  const names = (): unknown[] => {
    const { stable, previous, generation } = server.aliases.state(model);
    return [stable, previous, generation];
  };
  return { ...server, names };
}

describe('a rollback after the first other version in the settings', () => {
  it('loads and proves the version before, which then serves; the next one goes forth again', async (t) => {
    const s = await restarted(t, ['detector', 'v1', 'v2']);
    assert.deepEqual(s.names(), ['v2', 'v1', 1]);
    assert.equal(await s.answers(), 'v2');
    assert.equal(s.processes('v1').length, 0);
    const back = await s.versions.rollback('detector', who);
    assert.deepEqual([back.state, back.from, back.to], ['done', 'v2', 'v1']);
    assert.ok(back.steps.some(({ step }) => step === 'golden'));
    assert.equal(await s.answers(), 'v1');
    assert.deepEqual(s.names(), ['v1', 'v2', 2]);
    const { history } = s.aliases.state('detector');
    assert.deepEqual(
      history.map(({ by, action, stable }) => `${by} ${action} ${stable}`),
      ['settings configured v1', 'settings configured v2', 'berta rollback v1'],
    );
    assert.equal((await s.versions.rollback('detector', who)).state, 'done');
    assert.equal(await s.answers(), 'v2');
  });

  it('holds when the server starts again with the same settings', async (t) => {
    const s = await restarted(t, ['detector', 'v1', 'v2']);
    await s.versions.rollback('detector', who);
    assert.equal(s.settings.models['detector']?.version, 'v2');
    assert.deepEqual(s.open().aliases.state('detector'), s.aliases.state('detector'));
  });

  it('is refused for who saw what was before the change', async (t) => {
    const s = await restarted(t, ['detector', 'v1', 'v2']);
    await assert.rejects(
      s.versions.rollback('detector', { ...who, ifGeneration: 0 }),
      isCode('conflict', /at generation 1/),
    );
    assert.equal((await s.versions.rollback('detector', { ...who, ifGeneration: 1 })).state, 'done');
  });

  it('says so where the files of the version before are gone, and nothing has changed', async (t) => {
    const s = await restarted(t, ['detector', 'v1', 'v2'], {
      ports: ({ listVersions }) => ({
        listVersions: async (model) => (await listVersions(model)).filter(({ version }) => version !== 'v1'),
      }),
    });
    await assert.rejects(
      s.versions.rollback('detector', who),
      isCode('model_missing', /^detector has no version "v1"; there are: v2, v3/),
    );
    assert.deepEqual(s.names(), ['v2', 'v1', 1]);
    assert.equal(await s.answers(), 'v2');
    assert.deepEqual(s.versions.list('detector'), []);
  });

  it('fails where the version before does not pass any more, and the new one serves on', async (t) => {
    const s = await restarted(t, ['detector', 'wrong-golden', 'v2']);
    const back = await s.versions.rollback('detector', who);
    assert.equal(back.state, 'failed');
    assert.match(back.reason, /golden/);
    assert.deepEqual(s.names(), ['v2', 'wrong-golden', 1]);
    assert.equal(await s.answers(), 'v2');
  });

  it('takes people back into their embedding space, and does not take them out of it', async (t) => {
    let known = '';
    const s = await restarted(t, ['recognizer', 'omz-0095', 'r2'], {
      embeddingsIn: (from) => (from === known ? 5 : 0),
    });
    const space = async (version: string): Promise<string> => {
      const found = (await s.ports.listVersions('recognizer')).find((one) => one.version === version)?.manifest;
      return found?.role === 'recognizer' ? found.recognizer.space : 'none';
    };
    // Everybody is known in the space that the settings have left.
    known = await space('omz-0095');
    assert.notEqual(known, await space('r2'));
    assert.equal((await s.versions.rollback('recognizer', who)).state, 'done');
    assert.deepEqual(s.names(), ['omz-0095', 'r2', 2]);
    await assert.rejects(s.versions.rollback('recognizer', who), isCode('space_mismatch', /5 enrolled faces/));
    assert.deepEqual(s.names(), ['omz-0095', 'r2', 2]);
  });

  it('is refused where people were enrolled since, in the space of the settings', async (t) => {
    const s = await restarted(t, ['recognizer', 'omz-0095', 'r2'], {
      embeddingsIn: (from) => (from === 'another' ? 3 : 0),
    });
    await assert.rejects(s.versions.rollback('recognizer', who), isCode('space_mismatch', /3 enrolled faces/));
    assert.deepEqual(s.names(), ['r2', 'omz-0095', 1]);
  });
});
