import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { settle } from '../fixtures/fake-process.ts';
import { fakeServer } from '../fixtures/fake-server.ts';
import { detectorManifest } from '../fixtures/manifests.ts';

const NAMES = ['imaging', 'detector', 'recognizer', 'liveness'];

test('a start brings imaging and every configured model up; what was loaded is known', async (t) => {
  const { supervisor, made, metrics, settings } = fakeServer(t);
  await supervisor.start();
  assert.deepEqual(
    supervisor.all().map((process) => [process.role.name, process.state.state]),
    NAMES.map((name) => [name, 'ready']),
  );
  assert.equal(made.length, 4);
  assert.equal(supervisor.models.get('detector')?.loaded?.provider, 'cpu');
  const states = (await metrics.registry.metrics()).match(/facepool_worker_state\{model="\w+",state="ready"\} 1/g);
  assert.equal(states?.length, 4);
  for (const name of NAMES) assert.ok(existsSync(path.join(settings.data_dir, 'logs', `${name}.log`)), name);
});

test('the monitor is started when the others are ready and people are served, and not by a server that stops', async (t) => {
  const withMonitor = { settings: (d: Settings): Settings => ({ ...d, monitor: { ...d.monitor, enabled: true } }) };
  const { supervisor } = fakeServer(t, withMonitor);
  const served = Promise.withResolvers<void>();
  await supervisor.start(served.promise);
  await settle();
  assert.equal(supervisor.monitor?.state.state, 'stopped');
  served.resolve();
  await settle();
  assert.notEqual(supervisor.monitor?.state.state, 'stopped');
  await supervisor.stop();

  const other = fakeServer(t, withMonitor).supervisor;
  const late = Promise.withResolvers<void>();
  await other.start(late.promise);
  await other.stop();
  late.resolve();
  await settle();
  assert.equal(other.monitor?.state.state, 'stopped');
});

test('every process has an id of its own; only imaging has the upload pipe and its thread count', async (t) => {
  const { supervisor, made, settings } = fakeServer(t);
  await supervisor.start();
  assert.equal(new Set(made.map((process) => process.request.workerId)).size, 4);
  const piped = made.filter((process) => process.request.uploadPipe);
  assert.equal(piped.length, 1);
  assert.equal(piped[0]?.request.env['UV_THREADPOOL_SIZE'], String(settings.imaging.libuv_threads));
  assert.match(piped[0]?.request.entry.pathname ?? '', /workers\/imaging\/main\.ts$/);
});

test('models are linked to imaging’s socket, and again when imaging was replaced', async (t) => {
  const { supervisor, clock, processOf } = fakeServer(t);
  await supervisor.start();
  const links = (): (string | undefined)[] =>
    processOf('detector')
      .sent.filter((m) => m.type === 'link')
      .map((m) => m['path'] as string);
  const configured = processOf('imaging').sent.find((m) => m.type === 'configure')?.['config'] as {
    socketPath: string;
  };
  assert.ok(links().includes(configured.socketPath));
  const before = links().length;
  processOf('imaging').exit({ code: null, signal: 'SIGKILL' });
  await settle();
  clock.advance(0);
  // It removes the old socket first, which is real.
  await supervisor.imaging.start();
  assert.equal(supervisor.imaging.state.state, 'ready');
  assert.equal(links().length, before + 1);
});

test('a disabled model is not there; an unknown name is told what there is', async (t) => {
  const { supervisor } = fakeServer(t, {
    settings: (s) => {
      const { liveness, ...rest } = s.models;
      assert.ok(liveness);
      return { ...s, models: { ...rest, liveness: { ...liveness, enabled: false } } };
    },
  });
  assert.deepEqual([...supervisor.models.keys()], ['detector', 'recognizer']);
  assert.throws(
    () => supervisor.process('__proto__'),
    (e) =>
      e instanceof FacepoolError && e.code === 'not_found' && e.message.endsWith(': imaging, detector, recognizer'),
  );
});

test('one model that cannot start does not keep the others from serving', async (t) => {
  const { supervisor, clock } = fakeServer(t, {
    prepare: async () => {
      throw new FacepoolError('model_failed', 'the manifest is broken');
    },
  });
  const started = supervisor.start();
  for (let i = 0; i < 5; i++) {
    await settle();
    clock.advance(20_000);
  }
  await started;
  assert.equal(supervisor.imaging.state.state, 'ready');
  for (const { process } of supervisor.models.values()) {
    assert.equal(process.state.state, 'failed');
    assert.match(process.state.reason, /the manifest is broken/);
  }
});

test('when it begins to stop, children are told to hold; then models end before imaging, and nobody is left', async (t) => {
  const order: string[] = [];
  const { supervisor, made, events } = fakeServer(t);
  await supervisor.start();
  events.on('worker.exit', (exit) => order.push(exit.name));
  supervisor.beginStop();
  assert.equal(supervisor.stopping, true);
  assert.ok(made.every((process) => process.sent.some((m) => m.type === 'hold')));
  await supervisor.stop();
  assert.equal(order.at(-1), 'imaging');
  assert.equal(order.length, 4);
  assert.ok(made.every((process) => process.dead));
  assert.ok(supervisor.all().every((process) => process.state.state === 'stopped'));
});

test('a stop in the middle of the start ends both', async (t) => {
  const gate = Promise.withResolvers<never>();
  const { supervisor, made } = fakeServer(t, { prepare: () => gate.promise });
  const started = supervisor.start();
  await settle();
  await supervisor.stop();
  await started;
  assert.ok(made.every((process) => process.dead));
  assert.ok(supervisor.all().every((process) => process.state.state === 'stopped'));
});

test('a restart is counted by its reason', async (t) => {
  const { supervisor, clock, metrics, processOf } = fakeServer(t);
  await supervisor.start();
  processOf('detector').exit({ code: null, signal: 'SIGSEGV' });
  await settle();
  clock.advance(0);
  await settle();
  assert.match(
    await metrics.registry.metrics(),
    /facepool_worker_restarts_total\{model="detector",reason="signal"\} 1/,
  );
});

test('the manifests of what there is now: versions that come and go, too', async (t) => {
  const { supervisor } = fakeServer(t);
  const names = (): string[] => [...supervisor.manifests.keys()];
  assert.deepEqual(names(), ['detector', 'recognizer', 'liveness']);
  const { name } = supervisor.addVersion('detector', 'v2', { ...detectorManifest(), version: 'v2' });
  assert.equal(supervisor.manifests.get(name)?.version, 'v2');
  supervisor.removeVersion(name);
  assert.deepEqual(names(), ['detector', 'recognizer', 'liveness']);
});

test('a version is added to models that are served, and to no other', (t) => {
  const { supervisor } = fakeServer(t, {
    settings: (s) => {
      const { detector } = s.models;
      assert.ok(detector !== undefined);
      return { ...s, models: { ...s.models, detector: { ...detector, enabled: false } } };
    },
  });
  for (const model of ['detector', 'nobody']) {
    assert.throws(() => supervisor.addVersion(model, 'v2', detectorManifest()), { code: 'not_found' });
  }
});
