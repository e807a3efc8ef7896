import assert from 'node:assert/strict';
import test from 'node:test';
import type { Settings } from '../../src/contract/settings.ts';
import { firstForks } from '../../src/supervisor/first-forks.ts';
import type { SpawnRequest } from '../../src/supervisor/spawn.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { fakeSpawner, settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const model = (residency: 'resident' | 'on_demand', enabled = true) => ({ residency, enabled });

function setUp(models: Record<string, ReturnType<typeof model>>) {
  const clock = new ManualClock();
  const events = createEvents((error) => assert.fail(String(error)));
  const { spawn, made } = fakeSpawner();
  const forks = firstForks(spawn, events, clock, { models } as unknown as Pick<Settings, 'models'>);
  let isDone = false;
  void forks.done.then(() => {
    isDone = true;
  });
  const move = (from: 'starting' | 'ready', to: 'missing' | 'stopped'): void => {
    events.emit('worker.state', { name: 'm', version: null, workerId: null, pid: null, from, to, reason: '', at: 0 });
  };
  return {
    clock,
    made,
    move,
    fork: () => forks.spawn({} as SpawnRequest),
    done: async () => {
      await settle();
      return isDone;
    },
  };
}

test('done when imaging and every resident model is forked', async () => {
  const s = setUp({ a: model('resident'), b: model('on_demand'), c: model('resident', false), d: model('resident') });
  s.fork();
  s.fork();
  assert.equal(await s.done(), false);
  s.fork();
  assert.equal(await s.done(), true);
  s.fork();
  assert.equal(s.made.length, 4, 'later processes are started as ever');
});

test('a model that cannot be started is not waited for', async () => {
  const s = setUp({ a: model('resident') });
  s.fork();
  s.move('ready', 'stopped');
  assert.equal(await s.done(), false);
  s.move('starting', 'missing');
  assert.equal(await s.done(), true);
});

test('nor is one whose weights are downloaded first, for longer than a moment', async () => {
  const s = setUp({ a: model('resident') });
  s.fork();
  s.clock.advance(249);
  assert.equal(await s.done(), false);
  s.clock.advance(1);
  assert.equal(await s.done(), true);
});
