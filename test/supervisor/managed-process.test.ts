import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { EXIT_POISONED } from '../../src/contract/protocol.ts';
import type { ModelCalls } from '../../src/contract/protocol.ts';
import { ManagedProcess } from '../../src/supervisor/managed-process.ts';
import type { Role } from '../../src/supervisor/role.ts';
import { WorkerLog } from '../../src/supervisor/worker-log.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { counter } from '../../src/util/counter.ts';
import { type FakeProcess, fakeSpawner, settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

type Options = {
  readonly missing?: () => string | null;
  readonly prepare?: () => Promise<void>;
  readonly onSpawn?: (process: FakeProcess) => void;
};

/** A process that is ready as soon as it says hello, unless the test says otherwise. */
function setUp(t: TestContext, options: Options = {}) {
  const dir = mkdtempSync(path.join(tmpdir(), 'facepool-managed-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const clock = new ManualClock();
  const events = createEvents();
  const moves: string[] = [];
  const restarts: string[] = [];
  events.on('worker.state', (move) => moves.push(move.to));
  events.on('worker.restart', (restart) => restarts.push(`${restart.reason}:${restart.delayMs}`));
  const spawner = fakeSpawner(
    options.onSpawn ??
      ((process) => {
        process.onSent = (message) => {
          if (message.type === 'load') process.say({ type: 'result', id: message.id, value: {} });
          if (message.type === 'stop') process.exit({ code: 0, signal: null });
        };
        queueMicrotask(() => process.hello());
      }),
  );
  const role: Role<ModelCalls, null> = {
    name: 'detector',
    version: 'v1',
    entry: new URL('file:///none.ts'),
    env: {},
    uploadPipe: false,
    proof: 'it says so',
    prepare: async () => {
      await options.prepare?.();
      const missing = options.missing?.() ?? null;
      return missing === null ? { ok: true, value: null } : { ok: false, missing };
    },
    boot: async (child) => {
      await child.call('load', {} as ModelCalls['load']['params']);
    },
  };
  const log = new WorkerLog(path.join(dir, 'detector.log'), { maxBytes: 1000, files: 1 });
  t.after(() => log.destroy());
  const process = new ManagedProcess(role, log, {
    spawn: spawner.spawn,
    clock,
    events,
    random: () => 0.5,
    nextWorkerId: counter(),
    startTimeoutMs: 30_000,
    stopWaitMs: 30_000,
    startRetries: 3,
  });
  return { process, clock, made: spawner.made, moves, restarts };
}

test('a start goes through every state to ready, and is settled then', async (t) => {
  const { process, moves } = setUp(t);
  await process.start();
  assert.deepEqual(moves, ['starting', 'loading', 'warming', 'ready']);
  assert.equal(process.availability, 'ready');
  assert.notEqual(process.readyChild, null);
});

test('a crash when ready: back at once, as another process with another worker id', async (t) => {
  const { process, clock, made, restarts } = setUp(t);
  await process.start();
  const first = process.child?.workerId;
  made[0]?.exit({ code: null, signal: 'SIGSEGV' });
  await settle();
  assert.equal(process.state.state, 'backoff');
  assert.equal(process.availability, 'coming');
  assert.equal(process.lastDeath, 'crash (SIGSEGV)');
  clock.advance(0);
  await settle();
  assert.equal(process.state.state, 'ready');
  assert.notEqual(process.child?.workerId, first);
  assert.equal(process.restarts, 1);
  assert.deepEqual(restarts, ['signal:0']);
});

test('four starts that fail: failed, visible, and tried again after a minute', async (t) => {
  let good = false;
  const { process, clock, made, moves } = setUp(t, {
    onSpawn: (fake) => {
      queueMicrotask(() => {
        if (!good) return fake.exit({ code: 3, signal: null });
        fake.onSent = (message) => {
          if (message.type === 'load') fake.say({ type: 'result', id: message.id, value: {} });
        };
        fake.hello();
      });
    },
  });
  const started = process.start();
  for (let i = 0; i < 3; i++) {
    await settle();
    assert.equal(process.state.state, 'backoff');
    clock.advance(20_000);
  }
  await started;
  assert.equal(process.state.state, 'failed');
  assert.equal(made.length, 4);
  assert.equal(process.availability, 'failed');
  good = true;
  clock.advance(60_000);
  await settle();
  assert.equal(process.state.state, 'ready');
  assert.equal(moves.filter((m) => m === 'failed').length, 1);
});

test('a process that never says hello is killed when its time is over', async (t) => {
  const { process, clock, made } = setUp(t, { onSpawn: () => {} });
  void process.start();
  await settle();
  clock.advance(29_999);
  assert.deepEqual(made[0]?.signals, []);
  clock.advance(1);
  await settle();
  assert.deepEqual(made[0]?.signals, ['SIGKILL']);
  assert.equal(process.state.state, 'backoff');
  assert.match(process.state.reason, /not ready within 30000 ms/);
});

test('a process of another protocol version never gets ready, and the reason says so', async (t) => {
  const { process } = setUp(t, { onSpawn: (fake) => queueMicrotask(() => fake.hello(2)) });
  void process.start();
  await settle();
  assert.equal(process.state.state, 'failed');
  assert.match(process.state.reason, /speaks protocol 2/);
});

test('missing weights: no process, state missing, and a start after they came works', async (t) => {
  let missing: string | null = 'weights are missing';
  const { process, made } = setUp(t, { missing: () => missing });
  await process.start();
  assert.equal(process.state.state, 'missing');
  assert.equal(process.availability, 'missing');
  assert.equal(made.length, 0);
  missing = null;
  await process.start();
  assert.equal(process.state.state, 'ready');
});

test('a stop drains: what is with the process is answered first, then it is asked to go', async (t) => {
  const { process, made, moves } = setUp(t);
  await process.start();
  const call = process.child?.call('probe', {});
  const stopped = process.stop('enough');
  await settle();
  assert.equal(process.state.state, 'draining');
  assert.equal(process.readyChild, null, 'nothing new is leased');
  const fake = made[0];
  assert.ok(fake);
  assert.equal(
    fake.sent.some((m) => m.type === 'stop'),
    false,
  );
  fake.say({ type: 'result', id: fake.lastCall('probe').id, value: { passed: true, minCosine: 1, detail: '' } });
  await stopped;
  assert.equal((await call)?.passed, true);
  assert.deepEqual(moves.slice(-3), ['draining', 'stopping', 'stopped']);
  assert.equal(process.availability, 'stopped');
});

test('a process that does not heed stop gets SIGTERM, then SIGKILL', async (t) => {
  const { process, clock, made } = setUp(t);
  await process.start();
  const fake = made[0];
  assert.ok(fake);
  fake.onSent = () => {};
  fake.onSignal = (signal) => {
    if (signal === 'SIGKILL') fake.exit({ code: null, signal });
  };
  const stopped = process.stop();
  await settle();
  clock.advance(2000);
  assert.deepEqual(fake.signals, ['SIGTERM']);
  clock.advance(1000);
  assert.deepEqual(fake.signals, ['SIGTERM', 'SIGKILL']);
  await stopped;
  assert.equal(process.state.state, 'stopped');
});

test('a stop cuts a start short, at every point of it', async (t) => {
  const gate = Promise.withResolvers<void>();
  const preparing = setUp(t, { prepare: () => gate.promise });
  void preparing.process.start();
  const stopped = preparing.process.stop();
  gate.resolve();
  await stopped;
  assert.equal(preparing.process.state.state, 'stopped');
  assert.equal(preparing.made.length, 0);

  const silent = setUp(t, { onSpawn: () => {} });
  void silent.process.start();
  await settle();
  const ended = silent.process.stop();
  silent.clock.advance(2000);
  await ended;
  assert.equal(silent.process.state.state, 'stopped');
  assert.equal(silent.made[0]?.dead, true);
});

test('a stop while it waits to come back keeps it down', async (t) => {
  const { process, clock, made } = setUp(t);
  await process.start();
  made[0]?.exit({ code: 1, signal: null });
  await settle();
  await process.stop();
  clock.advance(100_000);
  await settle();
  assert.equal(process.state.state, 'stopped');
  assert.equal(made.length, 1);
});

test('a restart is never "stopped" to those who wait, and is counted as manual', async (t) => {
  const { process, made, restarts } = setUp(t);
  await process.start();
  const seen: string[] = [];
  process.onChange = () => seen.push(process.availability);
  await process.restart();
  assert.equal(seen.includes('stopped'), false, seen.join());
  assert.equal(process.state.state, 'ready');
  assert.equal(made.length, 2);
  assert.deepEqual(restarts, ['manual:0']);
});

test('restarts that are asked for while it goes down are one', async (t) => {
  const { process, made, restarts } = setUp(t);
  await process.start();
  await Promise.all([process.restart(), process.restart(), process.restart()]);
  assert.equal(process.state.state, 'ready');
  assert.equal(made.length, 2);
  assert.equal(made.filter((m) => !m.dead).length, 1);
  assert.deepEqual(restarts, ['manual:0']);
});

test('two stops at once are one; the second does not cut the drain of the first short', async (t) => {
  const { process, made, moves } = setUp(t);
  await process.start();
  const call = process.child?.call('probe', {});
  const stops = [process.stop('an operator'), process.stop('SIGTERM')];
  await settle();
  stops.push(process.stop('another one'));
  await settle();
  const fake = made[0];
  assert.ok(fake);
  assert.equal(process.state.state, 'draining');
  assert.equal(
    fake.sent.some((m) => m.type === 'stop'),
    false,
  );
  fake.say({ type: 'result', id: fake.lastCall('probe').id, value: { passed: true, minCosine: 1, detail: '' } });
  await Promise.all(stops);
  assert.equal((await call)?.passed, true);
  assert.deepEqual(moves.slice(-3), ['draining', 'stopping', 'stopped']);
});

test('a start while it goes down waits for that, then starts; who asks meanwhile is told to wait', async (t) => {
  const { process, made, moves } = setUp(t);
  await process.start();
  const call = process.child?.call('probe', {});
  const stopped = process.stop();
  await settle();
  assert.equal(process.availability, 'stopped');
  const started = process.start();
  assert.equal(process.availability, 'coming');
  const fake = made[0];
  assert.ok(fake);
  fake.say({ type: 'result', id: fake.lastCall('probe').id, value: null });
  await Promise.all([stopped, started, call]);
  assert.equal(process.state.state, 'ready');
  assert.equal(made.length, 2);
  assert.deepEqual(moves.slice(4, 8), ['draining', 'stopping', 'stopped', 'starting']);
});

test('a stop does not wait for the start that a restart is about to make', async (t) => {
  const { process, made } = setUp(t);
  await process.start();
  const fake = made[0];
  assert.ok(fake);
  fake.onSent = () => {};
  const restarted = process.restart();
  await settle();
  assert.equal(process.state.state, 'stopping');
  const stopped = process.stop();
  assert.equal(process.availability, 'stopped');
  fake.exit({ code: 0, signal: null });
  await Promise.all([stopped, restarted]);
  assert.equal(process.state.state, 'stopped');
  assert.equal(made.length, 1);
});

test('a stop does not wait for a preparation that heeds no signal, and nothing comes of it later', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { process, made } = setUp(t, { prepare: () => gate.promise });
  const started = process.start();
  await process.stop();
  await started;
  assert.equal(process.state.state, 'stopped');
  gate.resolve();
  await settle();
  assert.equal(made.length, 0);
  await process.start();
  assert.equal(process.state.state, 'ready');
});

test('a death while it drains is no reason to come back', async (t) => {
  const { process, clock, made } = setUp(t);
  await process.start();
  const call = process.child?.call('probe', {});
  const failed = assert.rejects(call ?? Promise.resolve(), /worker ended: crash/);
  const stopped = process.stop();
  await settle();
  made[0]?.exit({ code: null, signal: 'SIGSEGV' });
  await Promise.all([stopped, failed]);
  clock.advance(100_000);
  await settle();
  assert.equal(process.state.state, 'stopped');
  assert.equal(made.length, 1);
});

test('a lost device context is told as such and restarts at once', async (t) => {
  const { process, clock, made, restarts } = setUp(t);
  await process.start();
  made[0]?.exit({ code: null, signal: 'SIGSEGV' });
  await settle();
  clock.advance(0);
  await settle();
  made[1]?.exit({ code: EXIT_POISONED, signal: null });
  await settle();
  assert.equal(process.state.reason, 'poisoned (device error, exit code 86)');
  clock.advance(0);
  await settle();
  assert.equal(process.state.state, 'ready');
  assert.deepEqual(restarts, ['signal:0', 'device_error:0']);
});

test('loading is counted from the order, or from the fork where that came first', async (t) => {
  for (const [ahead, preparing, took] of [
    [undefined, 0, 40],
    [undefined, 100, 140],
    [300, 0, 340],
    [300, 100, 340],
    [50, 100, 140],
  ] as const) {
    const { process, clock } = setUp(t, {
      prepare: async () => clock.advance(preparing),
      onSpawn: (fake) => {
        if (ahead !== undefined) fake.aheadMs = ahead;
        fake.onSent = (message) => {
          if (message.type !== 'load') return;
          clock.advance(40);
          fake.say({ type: 'result', id: message.id, value: {} });
        };
        queueMicrotask(() => fake.hello());
      },
    });
    await process.start();
    await settle();
    assert.equal(process.loadMs, took, `${ahead} ms ahead, ${preparing} ms of preparing`);
  }
});
