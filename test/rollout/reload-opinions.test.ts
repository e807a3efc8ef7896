/** Another version and other settings of its process in one reload: which version has second opinions, and the way back. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { settle } from '../fixtures/fake-process.ts';
import { reloadScene, rows } from './reload-support.ts';

const RESTARTS = ['models.detector.threads model_restarted', 'models.detector.opinions model_restarted'];
const anna = { by: 'anna', why: '' };

async function opinionScene(t: TestContext) {
  const scene = await reloadScene(t);
  const { supervisor, routers, settings, processes, reload, until } = scene;
  /** Whether a request that begins now asks for second opinions. */
  const asks = (): boolean => {
    const session = routers.begin('anna');
    const gives = session.model('detector')?.opinions();
    session.end();
    return settings.models['detector']?.opinions === true && gives === true;
  };
  const entry = (version: string) => supervisor.entryOf('detector', version);
  const threads = (version: string): unknown[] =>
    processes(version).map(({ sent }) => {
      const load = sent.find(({ type }) => type === 'load');
      return (load?.params as { readonly threads: number } | undefined)?.threads;
    });
  /** The same file once more brings the process of this version to it. */
  const follows = async (version: string): Promise<void> => {
    assert.deepEqual(rows(await reload.reload(false)), RESTARTS);
    assert.equal(asks(), false, 'its old process has no graphs for it');
    await until('it has its settings', () => asks() && entry(version)?.process.availability === 'ready');
    assert.deepEqual(threads(version), [3]);
    await settle();
    assert.deepEqual(rows(await reload.reload(true)), []);
  };
  return { ...scene, asks, entry, threads, follows };
}

describe('a reload to another version with second opinions', () => {
  it('loads it with them; who goes back asks for none until the settings are read again', async (t) => {
    const { reload, detector, aliases, until, asks, entry, threads, versions, follows } = await opinionScene(t);
    detector({ version: 'v2', opinions: true, threads: 3 });
    await reload.reload(false);
    for (let turns = 0; aliases.state('detector').stable === 'v1' && turns < 1000; turns++) {
      assert.equal(asks(), false);
      await settle();
    }
    await until('the swap is over', () => aliases.state('detector').configured === 'v2');
    assert.deepEqual([entry('v2')?.hasOpinions, asks(), threads('v2')], [true, true, [3]]);
    await settle();
    assert.deepEqual(rows(await reload.reload(true)), []);

    assert.equal((await versions.rollback('detector', anna)).state, 'done');
    assert.deepEqual([entry('v1')?.hasOpinions, asks()], [false, false]);
    await follows('v1');
    assert.equal(aliases.state('detector').stable, 'v1', 'the rollback is the later word');
  });

  it('taken back while the old one ends its requests, leaves that one as it was until the settings are read again', async (t) => {
    const { reload, detector, aliases, until, asks, versions, routers, follows } = await opinionScene(t);
    const session = routers.begin('a client that gets v1');
    assert.equal(session.model('detector')?.ref().version, 'v1');
    detector({ version: 'v2', opinions: true, threads: 3 });
    await reload.reload(false);
    await until('it is switched', () => aliases.state('detector').stable === 'v2');
    assert.equal((await versions.rollback('detector', anna)).state, 'rolled_back');
    session.end();
    await settle();
    assert.equal(asks(), false);
    await follows('v1');
  });

  it('that fails leaves the settings of the second opinions as they were', async (t) => {
    const { reload, detector, settings, until, told, asks } = await opinionScene(t);
    detector({ version: 'wrong-golden', opinions: true });
    await reload.reload(false);
    await until('the failure is told', () => told.length === 2);
    assert.deepEqual([settings.models['detector']?.opinions, asks()], [false, false]);
  });
});

it('a reload to another version without second opinions asks nobody for them, also not who went back', async (t) => {
  const { reload, detector, aliases, until, asks, entry, versions } = await opinionScene(t);
  detector({ opinions: true });
  await reload.reload(false);
  await until('they are given', asks);
  await settle();
  detector({ version: 'v2', opinions: false });
  await reload.reload(false);
  assert.equal(asks(), false);
  await until('the swap is over', () => aliases.state('detector').configured === 'v2');
  assert.equal(entry('v2')?.hasOpinions, false);
  await settle();
  await versions.rollback('detector', anna);
  assert.deepEqual([entry('v1')?.hasOpinions, asks()], [true, false]);
  assert.deepEqual(rows(await reload.reload(true)), ['models.detector.opinions model_restarted']);
});
