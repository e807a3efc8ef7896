/** Two versions of a model side by side: who gets which, and what a request keeps. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { ONE_VERSION, type RunOutcome, type Traffic } from '../../src/router/traffic.ts';
import { settle } from '../fixtures/fake-process.ts';
import { fakeServer, type ServerOptions } from '../fixtures/fake-server.ts';
import { detectorManifest, livenessManifest } from '../fixtures/manifests.ts';

const job = (signal = new AbortController().signal) => ({
  parts: [{ graph: 'yunet', shape: [1, 32, 32, 3] as const, count: 1 }],
  feed: async () => {},
  signal,
  charges: { count: 0 },
});

function twoVersions(t: TestContext, options: ServerOptions = {}) {
  const held: string[] = [];
  const outcomes: (RunOutcome & { readonly entry: string })[] = [];
  const aliases = { detector: 'detector' };
  const traffic: Traffic = {
    ...ONE_VERSION,
    choose: (model, client, only) =>
      client === 'canary-bird' && only === undefined
        ? { entry: 'detector@v2', alias: 'canary' }
        : { entry: model === 'detector' ? aliases.detector : model, alias: 'stable' },
    hold: (entry) => {
      held.push(entry);
      return () => held.splice(held.indexOf(entry), 1);
    },
    onOutcome: (entry, outcome) => outcomes.push({ entry, ...outcome }),
  };
  return { ...fakeServer(t, { ...options, traffic }), held, outcomes, aliases };
}

test('each client gets its version; the answer says which, and the outcome is the version’s', async (t) => {
  const { supervisor, routers, outcomes } = twoVersions(t);
  await supervisor.start();
  supervisor.addVersion('detector', 'v2', detectorManifest());
  for (const client of ['anna', 'canary-bird']) {
    const detector = routers.begin(client).model('detector');
    await detector?.router.infer(job());
    assert.equal(detector?.name, 'detector');
    const expected = client === 'anna' ? { version: 'yunet-n', alias: 'stable' } : { version: 'v2', alias: 'canary' };
    assert.deepEqual(detector.ref(), { ...expected, provider: 'cpu' });
  }
  assert.deepEqual(outcomes, [
    { entry: 'detector', ok: true, ms: 5 },
    { entry: 'detector@v2', ok: true, ms: 5 },
  ]);
});

test('who asks for no version on trial gets none', async (t) => {
  const { supervisor, routers } = twoVersions(t);
  await supervisor.start();
  supervisor.addVersion('detector', 'v2', detectorManifest());
  assert.equal(routers.begin('canary-bird').model('detector')?.ref().alias, 'canary');
  assert.equal(routers.begin('canary-bird', 'stable').model('detector')?.ref().alias, 'stable');
});

test('a request keeps the version that it began with, and holds it until it ends', async (t) => {
  const { supervisor, routers, held, aliases } = twoVersions(t);
  await supervisor.start();
  supervisor.addVersion('detector', 'v2', detectorManifest());
  const before = routers.begin('anna');
  assert.equal(before.model('detector')?.ref().version, 'yunet-n');
  aliases.detector = 'detector@v2';
  const after = routers.begin('anna');
  assert.equal(after.model('detector')?.ref().version, 'v2');
  assert.equal(before.model('detector')?.ref().version, 'yunet-n');
  assert.deepEqual(held, ['detector', 'detector@v2']);
  before.end();
  before.end();
  after.end();
  assert.deepEqual(held, []);
});

test('a failure is the version’s; a client that went is nobody’s', async (t) => {
  const { supervisor, routers, outcomes } = twoVersions(t, {
    onSent: (process, message) => {
      if (message.type !== 'infer') return false;
      const error = { code: 'model_failed', message: 'no' };
      setImmediate(() => process.say({ type: 'error', id: message.id, error }));
      return true;
    },
  });
  await supervisor.start();
  const detector = routers.begin('anna').model('detector');
  await assert.rejects(detector?.router.infer(job()) ?? Promise.resolve(), { code: 'model_failed' });
  assert.deepEqual(
    outcomes.map(({ ok }) => ok),
    [false],
  );
  const gone = new FacepoolError('invalid_argument', 'gone');
  await assert.rejects(detector?.router.infer(job(AbortSignal.abort(gone))) ?? Promise.resolve(), gone);
  assert.equal(outcomes.length, 1);
});

test('a version is loaded when it is asked for, stays, and goes when it may', async (t) => {
  const { supervisor, clock } = twoVersions(t);
  await supervisor.start();
  const entry = supervisor.addVersion('detector', 'v2', detectorManifest());
  assert.equal(entry.process.state.state, 'stopped');
  supervisor.residency.command('load', entry.name);
  await settle();
  assert.equal(entry.process.state.state, 'ready');
  clock.advance(1_000_000);
  await settle();
  assert.equal(entry.process.state.state, 'ready', 'a version that is tried is not idle');
  assert.throws(() => supervisor.removeVersion(entry.name), /cannot be taken away/);
  supervisor.configureVersion(entry.name, { pin: false, idle_ttl_ms: 1000 });
  clock.advance(1000);
  await settle();
  assert.equal(entry.process.state.state, 'stopped');
  clock.advance(100);
  await settle();
  supervisor.removeVersion(entry.name);
  assert.equal(supervisor.models.has(entry.name), false);
  assert.throws(() => supervisor.addVersion('nobody', 'v2', detectorManifest()), { code: 'not_found' });
});

test('what is asked for by its entry is nobody’s, and never copied for a shadow', async (t) => {
  const asked: string[] = [];
  const traffic: Traffic = {
    ...ONE_VERSION,
    shadow: (model, client) => {
      asked.push(`${model} for ${client}`);
      return null;
    },
  };
  const { supervisor, routers } = fakeServer(t, { traffic });
  await supervisor.start();
  await routers.model('detector')?.router.infer(job());
  assert.deepEqual(asked, []);
  await routers.begin('anna').model('detector')?.router.infer(job());
  assert.deepEqual(asked, ['detector for anna']);
});

test('a shadow without the graphs of second opinions is not asked for them', async (t) => {
  for (const opinions of [false, true]) {
    const told: string[] = [];
    const traffic: Traffic = {
      ...ONE_VERSION,
      shadow: (model) => ({
        entry: `${model}@v2`,
        compared: () => void told.push('compared'),
        dropped: () => void told.push('dropped'),
      }),
    };
    const { supervisor, routers } = fakeServer(t, {
      traffic,
      settings: (s) => {
        const liveness = s.models['liveness'];
        assert.ok(liveness !== undefined);
        return { ...s, models: { liveness: { ...liveness, opinions: true } } };
      },
      onSent: (process, { id, type }) => {
        const scores = Float32Array.of(1);
        const output = { role: 'liveness', scores, opinions: [{ graph: 'probabilities', scores }] };
        if (type === 'infer') {
          process.say({ type: 'begin', id });
          process.say({ type: 'result', id, value: { output, computeMs: 5, waitMs: 0 } });
        }
        return type === 'infer';
      },
    });
    await supervisor.start();
    supervisor.addVersion('liveness', 'v2', { ...livenessManifest(), version: 'v2' });
    supervisor.configureVersion('liveness@v2', { opinions });
    supervisor.residency.command('start', 'liveness@v2');
    await supervisor.residency.settled('liveness@v2', 'up', new AbortController().signal);
    const parts = ['main', 'probabilities'].map((graph) => ({ graph, shape: [1, 8, 8, 3] as const, count: 1 }));
    await routers
      .begin('anna')
      .model('liveness')
      ?.router.infer({ ...job(), parts, shared: { tensors: [], hold: () => () => {} } });
    await settle();
    assert.deepEqual(told, [opinions ? 'compared' : 'dropped']);
  }
});
