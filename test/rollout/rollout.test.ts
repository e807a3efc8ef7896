/** Versions replaced while they serve, on scripted processes and a clock that the test turns. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { swapSchema, versionsAnswerSchema } from '../../src/contract/rollout.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { settle } from '../fixtures/fake-process.ts';
import { scene } from './support.ts';

const isCode =
  (code: string, detail = /./) =>
  (e: unknown): boolean =>
    e instanceof FacepoolError && e.code === code && detail.test(e.message);
const who = { by: 'anna', why: '' };

describe('an immediate swap', () => {
  it('proves the new version first, then all traffic is its, and the old one stays warm', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    assert.equal(await s.answers(), 'v1');
    const begun = await s.versions.swap('detector', s.request('v2'), 'anna');
    assert.equal(begun.state, 'running');
    assert.equal(await s.answers(), 'v1', 'the old one answers meanwhile');
    const swap = await s.over(begun);
    assert.ok(swapSchema.safeParse(swap).success);
    assert.deepEqual([swap.state, swap.from, swap.to, swap.by], ['done', 'v1', 'v2', 'anna']);
    assert.deepEqual(
      swap.steps.map(({ step }) => step),
      ['stage', 'room', 'start', 'load', 'warm', 'golden', 'measure', 'switch', 'drain', 'stop'],
    );
    assert.ok(swap.steps.every(({ ms }) => ms !== null));
    assert.equal(await s.answers(), 'v2');
    assert.equal(s.processes('v1').length, 1, 'kept warm');
    assert.equal(s.aliases.state('detector').generation, 1);
    assert.deepEqual(
      s.ended.map(({ state }) => state),
      ['done'],
    );
  });

  it('the old version goes when nobody wanted it back', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
    s.clock.advance(s.settings.rollout.keep_warm_ms + 1000);
    await s.until('v1 is gone', () => s.processes('v1').length === 0);
    assert.equal(s.processes('v2').length, 1);
  });

  it('a request that began with the old version ends with it', async (t) => {
    const s = scene(t, { settings: (d) => ({ ...d, rollout: { ...d.rollout, keep_warm_ms: 0 } }) });
    await s.supervisor.start();
    const session = s.routers.begin('anna');
    assert.equal(session.model('detector')?.ref().version, 'v1');
    const begun = await s.versions.swap('detector', s.request('v2'), 'anna');
    await s.until('it is switched', () => s.aliases.state('detector').stable === 'v2');
    await settle();
    assert.equal(s.processes('v1').length, 1, 'it waits for its request');
    assert.equal(s.versions.find(begun.id).state, 'running');
    session.end();
    assert.equal((await s.over(begun)).state, 'done');
    assert.equal(s.processes('v1').length, 0);
  });

  for (const [version, reason] of Object.entries({
    'wrong-golden': /golden/,
    crashes: /SIGSEGV|crash/,
    'no-memory': /memory/i,
    silent: /not ready within|late|took/,
  })) {
    it(`to a version that is broken (${version}): it is ended, and the old one never stopped`, async (t) => {
      const s = scene(t);
      await s.supervisor.start();
      const [before] = s.processes('v1');
      const swap = await s.over(await s.versions.swap('detector', s.request(version), 'anna'));
      assert.equal(swap.state, 'failed');
      assert.match(swap.reason, reason);
      assert.equal(await s.answers(), 'v1');
      assert.deepEqual(s.processes('v1'), [before]);
      await s.until('it is gone', () => s.processes(version).length === 0);
      assert.equal(s.supervisor.entryOf('detector', version), undefined);
      assert.deepEqual([s.aliases.state('detector').generation, s.ended.length], [0, 1]);
      const again = await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
      assert.equal(again.state, 'done', 'the next one finds everything in order');
    });
  }

  it('a load without memory is tried again, with longer and longer waits', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    const swap = await s.over(await s.versions.swap('detector', s.request('no-memory'), 'anna'));
    assert.equal(swap.attempts, 1 + s.settings.rollout.retries);
  });
});

describe('what is refused before anything is done', () => {
  it('says why', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    const swap = (version: string, given = {}) => s.versions.swap('detector', s.request(version, given), 'anna');
    await assert.rejects(swap('v9'), isCode('model_missing', /there are: v1, v2/));
    await assert.rejects(swap('unreadable'), isCode('model_failed', /line 3/));
    await assert.rejects(swap('v1'), isCode('conflict', /stable already/));
    await assert.rejects(swap('other-role'), isCode('invalid_argument', /is a detector/));
    await assert.rejects(swap('huge'), isCode('memory_exhausted', /do not fit/));
    await assert.rejects(swap('v2', { if_generation: 7 }), isCode('conflict', /generation 0, not 7/));
    await assert.rejects(s.versions.swap('nobody', s.request('v2'), 'anna'), isCode('not_found'));
    await assert.rejects(s.versions.promote('detector', who), isCode('conflict', /no canary/));
    await assert.rejects(s.versions.rollback('detector', who), isCode('conflict', /no version to go back/));
    assert.throws(() => s.versions.find('nothing'), isCode('not_found'));
    assert.deepEqual([...s.supervisor.models.keys()], ['detector', 'recognizer', 'liveness']);
    assert.deepEqual(s.versions.list(null), []);
  });

  it('a second swap while one runs', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    const first = s.versions.swap('detector', s.request('v2'), 'anna');
    await assert.rejects(s.versions.swap('detector', s.request('v3'), 'berta'), isCode('swap_in_progress'));
    const begun = await first;
    await assert.rejects(s.versions.swap('detector', s.request('v3'), 'berta'), isCode('swap_in_progress', /v2/));
    assert.equal((await s.over(begun)).state, 'done');
  });

  it('a recognizer of another space, while people are enrolled in the old one', async (t) => {
    const s = scene(t, { embeddingsIn: () => 12 });
    await s.supervisor.start();
    await assert.rejects(
      s.versions.swap('recognizer', s.request('r2'), 'anna'),
      isCode('space_mismatch', /12 enrolled faces/),
    );
    const canary = await s.over(await s.versions.swap('recognizer', s.request('r2', { strategy: 'shadow' }), 'anna'));
    assert.equal(canary.state, 'live', 'it may be tried');
    await assert.rejects(s.versions.promote('recognizer', who), isCode('space_mismatch'));
  });
});

describe('people who are enrolled while a version of another space is loaded', () => {
  for (const strategy of ['immediate', 'canary'] as const) {
    it(`it does not become ${strategy === 'canary' ? 'a canary' : 'stable'} over them`, async (t) => {
      let people = 0;
      const s = scene(t, { embeddingsIn: () => people });
      await s.supervisor.start();
      const swap = await s.versions.swap('recognizer', s.request('r2', { strategy }), 'anna');
      people = 1;
      const over = await s.over(swap);
      assert.equal(over.state, 'failed');
      assert.match(over.reason, /1 enrolled faces/);
      const { stable, canary } = s.aliases.state('recognizer');
      assert.deepEqual([stable, canary], ['omz-0095', null]);
      await s.until('it is gone', () => s.ports.entryOf('recognizer', 'r2') === null);
    });
  }
});

describe('a canary', () => {
  const sticky = Array.from({ length: 200 }, (_, i) => `client-${i}`);

  it('answers its share of the clients, always the same ones, and is promoted', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    const swap = await s.over(
      await s.versions.swap('detector', s.request('v2', { strategy: 'canary', percent: 20 }), 'anna'),
    );
    assert.equal(swap.state, 'live');
    const chosen = (await Promise.all(sticky.map((client) => s.answers(client)))).map((version) => version === 'v2');
    const share = chosen.filter(Boolean).length / sticky.length;
    assert.ok(share > 0.1 && share < 0.3, `${share}`);
    assert.deepEqual(
      (await Promise.all(sticky.map((client) => s.answers(client)))).map((v) => v === 'v2'),
      chosen,
    );
    const told = await s.versions.versions('detector');
    assert.ok(versionsAnswerSchema.safeParse(told).success, JSON.stringify(versionsAnswerSchema.safeParse(told).error));
    const row = told.versions.find(({ version }) => version === 'v2');
    assert.deepEqual([row?.aliases, row?.percent, row?.state], [['canary'], 20, 'ready']);
    assert.ok((row?.live?.requests ?? 0) > 20);
    const done = await s.versions.promote('detector', who);
    assert.equal(done.state, 'done');
    assert.ok((await Promise.all(sticky.map((client) => s.answers(client)))).every((version) => version === 'v2'));
  });

  it('serves nobody while its worker is away', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'canary', percent: 99 }), 'anna'));
    s.processes('v2')[0]?.exit({ code: null, signal: 'SIGKILL' });
    await settle();
    assert.equal(await s.answers('client-1'), 'v1');
  });

  it('is taken back by a person, and its process ends', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'canary', percent: 50 }), 'anna'));
    const swap = await s.versions.rollback('detector', { by: 'berta', why: 'odd boxes' });
    assert.deepEqual([swap.state, swap.reason], ['rolled_back', 'odd boxes']);
    assert.ok((await Promise.all(sticky.map((client) => s.answers(client)))).every((version) => version === 'v1'));
    await s.until('it is gone', () => s.processes('v2').length === 0);
  });

  it('is taken back by itself when it fails more than the old one, and one failure is no verdict', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    const { id } = await s.over(
      await s.versions.swap('detector', s.request('v2', { strategy: 'canary', percent: 50 }), 'anna'),
    );
    const outcome = (ok: boolean) => s.traffic.onOutcome('detector@v2', { ok, ms: 5 });
    for (let i = 0; i < 48; i++) outcome(i > 0);
    s.clock.advance(1000);
    await settle();
    assert.equal(s.versions.find(id).state, 'live');
    for (let i = 0; i < 5; i++) outcome(false);
    s.clock.advance(1000);
    await s.until('it is taken back', () => s.versions.find(id).state === 'rolled_back');
    assert.match(s.versions.find(id).reason, /requests failed/);
    assert.equal(s.aliases.state('detector').history.at(-1)?.by, 'facepool');
  });

  it('comes back after a restart, with the same clients', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    await s.over(await s.versions.swap('detector', s.request('v2', { strategy: 'canary', percent: 30 }), 'anna'));
    const before = await Promise.all(sticky.map((client) => s.answers(client)));
    const again = s.open();
    assert.deepEqual(again.aliases.state('detector'), s.aliases.state('detector'));
    await again.versions.restore();
    assert.deepEqual(
      again.versions.list('detector').map(({ state, to }) => [state, to]),
      [['live', 'v2']],
    );
    assert.deepEqual(await Promise.all(sticky.map((client) => s.answers(client))), before);
  });
});

describe('the way back', () => {
  it('takes no time while the old version is warm', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
    const before = s.clock.now();
    const swap = await s.versions.rollback('detector', { by: 'anna', why: 'worse' });
    assert.deepEqual([swap.state, swap.to, s.clock.now() - before], ['done', 'v1', 0]);
    assert.equal(await s.answers(), 'v1');
    assert.deepEqual(
      swap.steps.map(({ step }) => step),
      ['stage', 'room', 'switch', 'drain', 'stop'],
    );
  });

  it('loads the old version first when it has gone', async (t) => {
    const s = scene(t, { settings: (d) => ({ ...d, rollout: { ...d.rollout, keep_warm_ms: 0 } }) });
    await s.supervisor.start();
    await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
    assert.equal(s.processes('v1').length, 0);
    const back = s.versions.rollback('detector', who);
    await s.until('v1 answers', () => s.aliases.state('detector').stable === 'v1');
    assert.equal((await back).state, 'done');
    assert.equal(await s.answers(), 'v1');
  });

  it('cuts a swap short that runs', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    const begun = await s.versions.swap('detector', s.request('silent'), 'anna');
    await settle();
    const back = s.versions.rollback('detector', { by: 'berta', why: 'too slow' });
    await s.until('it is over', () => s.versions.find(begun.id).state !== 'running');
    assert.deepEqual([(await back).state, (await back).reason], ['rolled_back', 'rolled back by berta: too slow']);
    assert.equal(await s.answers(), 'v1');
  });

  it('is taken by itself when the new version is worse than the old one was', async (t) => {
    const s = scene(t);
    await s.supervisor.start();
    for (let i = 0; i < 100; i++) s.traffic.onOutcome('detector', { ok: true, ms: 5 });
    await s.over(await s.versions.swap('detector', s.request('v2'), 'anna'));
    for (let i = 0; i < 100; i++) s.traffic.onOutcome('detector@v2', { ok: true, ms: 20 });
    s.clock.advance(1000);
    await s.until('v1 is back', () => s.aliases.state('detector').stable === 'v1');
    assert.match(s.aliases.state('detector').history.at(-1)?.why ?? '', /p99 is 4\.0 times/);
  });
});

describe('a version that does not fit beside the old one', () => {
  const tight = (d: Settings): Settings => ({
    ...d,
    // One version, and not a second.
    memory: { ...d.memory, budgets: ['cpu=15'], headroom_mb: 0 },
    models: Object.fromEntries(
      Object.entries(d.models).map(([name, m]) => [name, name === 'detector' ? m : { ...m, enabled: false }]),
    ),
  });

  it('is refused, and with allow_gap takes its place while requests wait', async (t) => {
    const s = scene(t, { settings: tight });
    await s.supervisor.start();
    await assert.rejects(s.versions.swap('detector', s.request('v2'), 'anna'), isCode('memory_exhausted', /allow_gap/));
    const begun = await s.versions.swap('detector', s.request('v2', { allow_gap: true }), 'anna');
    const waiting = s.answers();
    const swap = await s.over(begun);
    assert.equal(swap.state, 'done');
    assert.ok((swap.gap_ms ?? -1) >= 0);
    assert.equal(await waiting, 'v2');
    assert.equal(s.processes('v1').length, 0);
  });

  it('that is broken, too: the old one comes back, and who waited is answered', async (t) => {
    const s = scene(t, { settings: tight });
    await s.supervisor.start();
    const begun = await s.versions.swap('detector', s.request('wrong-golden', { allow_gap: true }), 'anna');
    const swap = await s.over(begun);
    assert.equal(swap.state, 'failed');
    assert.equal(await s.answers(), 'v1');
  });
});
