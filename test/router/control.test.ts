import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import { modelStatusSchema } from '../../src/contract/results.ts';
import { settle } from '../fixtures/fake-process.ts';
import { fakeServer } from '../fixtures/fake-server.ts';

const signal = new AbortController().signal;
const hasCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof FacepoolError && error.code === code;

test('status: imaging first, then the models in their order, in the shape of the API', async (t) => {
  const { supervisor, control, clock } = fakeServer(t);
  assert.deepEqual(
    control.status().map((s) => s.state),
    ['stopped', 'stopped', 'stopped', 'stopped'],
  );
  await supervisor.start();
  clock.advance(1500);
  const all = control.status().map((status) => modelStatusSchema.parse(status));
  assert.deepEqual(
    all.map((s) => s.name),
    ['imaging', 'detector', 'recognizer', 'liveness'],
  );
  const [imaging, detector] = all;
  assert.deepEqual([imaging?.kind, imaging?.role, imaging?.licence], ['imaging', null, null]);
  assert.deepEqual(
    [detector?.kind, detector?.role, detector?.supervisord_state, detector?.provider, detector?.uptime_s],
    ['model', 'detector', 'RUNNING', 'cpu', 1.5],
  );
  assert.equal(detector?.licence?.spdx, 'Apache-2.0');
});

test('an operator stops, starts and restarts by name, and is told the state that came of it', async (t) => {
  const { supervisor, control, made } = fakeServer(t);
  await supervisor.start();
  assert.equal((await control.stop('detector')).state, 'stopped');
  assert.equal((await control.start('detector')).state, 'ready');
  const restarted = await control.restart('imaging');
  assert.deepEqual([restarted.state, restarted.restarts], ['ready', 1]);
  assert.equal(made.length, 6);
  await assert.rejects(control.restart('nobody'), hasCode('not_found'));
  await assert.rejects(control.stop('../detector'), hasCode('not_found'));
});

test('while the server stops, no operator brings anything up again', async (t) => {
  const { supervisor, control } = fakeServer(t);
  await supervisor.start();
  supervisor.beginStop();
  assert.equal(control.stopping(), true);
  await assert.rejects(control.restart('detector'), hasCode('shutting_down'));
  await assert.rejects(control.start('detector'), hasCode('shutting_down'));
  await supervisor.stop();
});

test('the log of each process by name', async (t) => {
  const { control, settings } = fakeServer(t);
  assert.equal(control.logPath('detector'), `${settings.data_dir}/logs/detector.log`);
  assert.throws(() => control.logPath('server'), hasCode('not_found'), 'this one logs to standard output');
  assert.throws(() => control.logPath('../../etc/passwd'), hasCode('not_found'));
});

test('ready: a real inference in every process, through its queue', async (t) => {
  const { supervisor, control, processOf } = fakeServer(t);
  const before = await control.ready(signal);
  assert.ok(before.every((check) => !check.ok && check.detail.startsWith('stopped')));
  await supervisor.start();
  const later = fakeServer(t);
  await later.supervisor.start();
  const checks = await later.control.ready(signal);
  assert.deepEqual(
    checks.map((check) => [check.name, check.ok]),
    [
      ['imaging', true],
      ['detector', true],
      ['recognizer', true],
      ['liveness', true],
    ],
  );
  assert.match(checks[0]?.detail ?? '', /decoded a picture/);
  assert.match(checks[1]?.detail ?? '', /golden probe passed, cosine 1\.000000/);
  assert.equal(
    later.processOf('imaging').sent.filter((m) => m.type === 'close').length,
    1,
    'the probe’s picture is closed',
  );
  assert.ok(processOf('detector'));
});

test('who asks while a probe runs, or just after a good one, gets its answer; a later one is a new probe', async (t) => {
  const { supervisor, control, clock, processOf } = fakeServer(t, {
    onSent: (process, message) => message.type === 'probe' && process === held(),
  });
  const held = () => (supervisor.models.get('detector')?.process.child === null ? null : processOf('detector'));
  await supervisor.start();
  const probes = () => processOf('detector').sent.filter((m) => m.type === 'probe');
  const first = control.ready(signal);
  clock.advance(3000);
  const second = control.ready(signal);
  await settle();
  assert.equal(probes().length, 1, 'a slow probe does not pile up');
  const answer = (passed: boolean): void => {
    const value = { passed, minCosine: passed ? 1 : 0.1, detail: passed ? '' : 'drifted' };
    processOf('detector').say({ type: 'result', id: probes().at(-1)?.id, value });
  };
  answer(true);
  const checks = await first;
  assert.equal(await second, checks);
  assert.equal(await control.ready(signal), checks);
  assert.equal(probes().length, 1);
  clock.advance(1001);
  const third = control.ready(signal);
  await settle();
  assert.equal(probes().length, 2);
  answer(false);
  assert.deepEqual((await third)[1], { name: 'detector', ok: false, detail: 'golden probe failed: drifted' });
  assert.equal(supervisor.process('detector').lastDeath, 'quarantined (golden probe failed: drifted)');
  clock.advance(0);
  await settle();
  const fourth = control.ready(signal);
  await settle();
  assert.equal(probes().length, 1, 'an old "no" is told to nobody, and its worker was replaced');
  answer(true);
  assert.ok((await fourth).every((check) => check.ok));
});

test('who gives up waiting for readiness is not held, and spoils it for nobody', async (t) => {
  const { supervisor, control, processOf } = fakeServer(t, {
    onSent: (process, message) => message.type === 'probe' && process === processOf('detector'),
  });
  await supervisor.start();
  const gone = new AbortController();
  const given = control.ready(gone.signal);
  const waiting = control.ready(signal);
  await settle();
  gone.abort(new Error('client gone'));
  await assert.rejects(given, /client gone/);
  const value = { passed: true, minCosine: 1, detail: '' };
  processOf('detector').say({ type: 'result', id: processOf('detector').lastCall('probe').id, value });
  assert.ok((await waiting).every((check) => check.ok));
});
