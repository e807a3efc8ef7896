import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../src/config/config-error.ts';
import { FacepoolError } from '../../src/contract/errors.ts';
import { reloadForSignal } from '../../src/rollout/reload-signal.ts';
import { settle } from '../fixtures/fake-process.ts';
import { reloadScene, rows } from './reload-support.ts';

describe('a reload', () => {
  it('changes what is read at each use, and tells everybody who keeps a copy', async (t) => {
    const { reload, write, settings, supervisor, rules, log, told, pids } = await reloadScene(t);
    const before = pids();
    write((next) => {
      Object.assign(next.limits, { max_faces: 7, queue: 9 });
      next.imaging.concurrency = 9;
      next.memory.budgets = ['cpu=3000'];
      next.log.level = 'debug';
      delete next.alert_rules['hot'];
      next.rollout.min_requests = 5;
    });
    const dry = await reload.reload(true);
    assert.deepEqual([settings.limits.max_faces, told.length, rules.length], [100, 0, 0]);
    const answer = await reload.reload(false);
    assert.deepEqual(answer, { ...dry, dry_run: false });
    const { limits, rollout } = settings;
    assert.deepEqual([limits.max_faces, limits.queue, rollout.min_requests, log.level], [7, 9, 5, 'debug']);
    assert.equal(settings.imaging.concurrency, 3);
    assert.equal(supervisor.residency.devices().find(({ name }) => name === 'cpu')?.limitBytes, 3e9);
    assert.deepEqual(rules.length, 1);
    assert.equal(rules[0]?.['hot'], undefined);
    assert.deepEqual(pids(), before);
    assert.deepEqual(told[0]?.needsRestart, ['imaging.concurrency']);
    assert.equal(told[0]?.applied.length, 6);
    await settle();
    assert.deepEqual(rows(await reload.reload(false)), ['imaging.concurrency needs_restart']);
  });
});

describe('a reload that is refused', () => {
  it('is refused as a whole where the file is wrong', async (t) => {
    const { reload, fail, settings, told } = await reloadScene(t);
    const before = structuredClone(settings);
    fail(new ConfigError(['limits.queue (a.yaml:2): -1 is not allowed', 'models.detector.prio: unknown setting']));
    for (const dryRun of [true, false]) {
      await assert.rejects(reload.reload(dryRun), (error: unknown) => {
        assert.ok(error instanceof FacepoolError && error.code === 'invalid_argument');
        assert.match(error.message, /limits\.queue[\s\S]*models\.detector\.prio/);
        return true;
      });
    }
    assert.deepEqual(settings, before);
    assert.deepEqual(
      told.map(({ ok, applied }) => [ok, applied]),
      [[false, []]],
    );
  });

  it('names every version that cannot be used, and applies nothing beside them', async (t) => {
    const { reload, write, settings, versions } = await reloadScene(t);
    write((next) => {
      next.limits.max_faces = 7;
      Object.assign(next.models['detector'] ?? {}, { version: 'other-role' });
      Object.assign(next.models['recognizer'] ?? {}, { version: 'nowhere' });
    });
    await assert.rejects(
      reload.reload(false),
      /models\.detector\.version: .*recognizer[\s\S]*models\.recognizer\.version: .*nowhere/,
    );
    assert.equal(settings.limits.max_faces, 100);
    assert.deepEqual(versions.list(null), []);
  });

  it('leaves no embedding space that people are enrolled in', async (t) => {
    const { reload, write, aliases, versions } = await reloadScene(t, undefined, undefined, () => 5);
    write((next) => void Object.assign(next.models['recognizer'] ?? {}, { version: 'r2' }));
    const refusal = /models\.recognizer\.version: .*5 enrolled faces/;
    await assert.rejects(reload.reload(true), refusal);
    await assert.rejects(reload.reload(false), refusal);
    const { stable, configured, generation, previous } = aliases.state('recognizer');
    assert.deepEqual([stable, configured, generation, previous], ['omz-0095', 'omz-0095', 0, null]);
    assert.deepEqual(versions.list(null), []);
  });

  it('takes back the swaps that have begun where another one is refused for want of memory', async (t) => {
    const { reload, write, settings, supervisor, versions, aliases, answers, detector, until } = await reloadScene(t);
    detector({ version: 'v2', priority: 7 });
    write((next) => {
      Object.assign(next.models['liveness'] ?? {}, { version: 'huge', residency: 'on_demand' });
    });
    const before = structuredClone(settings);
    await assert.rejects(reload.reload(false), { code: 'memory_exhausted' });
    assert.deepEqual(settings, before);
    assert.equal(supervisor.models.get('detector')?.settings.priority, 0);
    assert.equal(supervisor.models.get('liveness')?.settings.residency, 'resident');
    await until('nothing goes on', () => versions.list(null).every(({ state }) => state !== 'running'));
    assert.deepEqual(
      versions.list(null).map(({ model, state }) => `${model} ${state}`),
      ['detector rolled_back'],
    );
    assert.deepEqual([aliases.state('detector').stable, await answers()], ['v1', 'v1']);
    await settle();
    assert.equal((await reload.reload(true)).changes.length, 4);
  });

  for (const isHeld of [false, true]) {
    const when = isHeld ? 'while the old one ends its requests' : 'for good';
    it(`takes them back also where a warm version has become stable, ${when}: the settings have not named it`, async (t) => {
      const scene = await reloadScene(t);
      const { reload, write, versions, aliases, answers, detector, request, over, until, routers } = scene;
      await over(await versions.swap('detector', request('v2'), 'anna'));
      await versions.rollback('detector', { by: 'anna', why: '' });
      const session = routers.begin('a client that gets v1');
      if (isHeld) assert.equal(session.model('detector')?.ref().version, 'v1');
      detector({ version: 'v2' });
      write((next) => {
        Object.assign(next.models['liveness'] ?? {}, { version: 'huge', residency: 'on_demand' });
      });
      await assert.rejects(reload.reload(false), { code: 'memory_exhausted' });
      session.end();
      await until('nothing goes on', () => versions.list(null).every(({ state }) => state !== 'running'));
      await settle();
      assert.ok(aliases.state('detector').history.some(({ by, stable }) => by === 'reload' && stable === 'v2'));
      assert.deepEqual([aliases.state('detector').stable, await answers()], ['v1', 'v1']);
      assert.equal(aliases.state('detector').configured, 'v1');
    });
  }

  it('is told while another one goes on: who sent a signal sees nothing else', async (t) => {
    const { reload, detector, told } = await reloadScene(t);
    detector({ version: 'v2' });
    await reload.reload(false);
    await assert.rejects(reload.reload(false), { code: 'conflict' });
    assert.deepEqual(
      told.map(({ ok, detail }) => [ok, detail]),
      [
        [true, ''],
        [false, 'another reload goes on; try again when it is done'],
      ],
    );
  });

  it('does not meddle with a version that is on trial', async (t) => {
    const { reload, detector, versions, request, over } = await reloadScene(t);
    await over(await versions.swap('detector', request('v3', { strategy: 'canary' }), 'test'));
    detector({ threads: 3 });
    await assert.rejects(reload.reload(true), { code: 'conflict' });
    detector({ threads: 'auto', priority: 2 });
    assert.deepEqual(rows(await reload.reload(false)), ['models.detector.priority applied']);
  });
});

describe('a reload by SIGHUP', () => {
  it('is in the audit log, with its result', async () => {
    const entries: unknown[] = [];
    const audit = { record: (entry: unknown) => void entries.push(entry) };
    await reloadForSignal({ reload: async () => ({ dry_run: false, changes: [] }) }, audit);
    await reloadForSignal({ reload: () => Promise.reject(new ConfigError(['no'])) }, audit);
    const same = { who: 'signal', action: 'server.reload', target: 'configuration' };
    assert.deepEqual(entries, [
      { ...same, result: 'ok' },
      { ...same, result: 'invalid_argument' },
    ]);
  });
});
