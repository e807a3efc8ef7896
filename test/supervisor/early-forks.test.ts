import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import type { Settings } from '../../src/contract/settings.ts';
import { earlyRoles, forkEarly } from '../../src/supervisor/early-forks.ts';
import { imagingRole } from '../../src/supervisor/imaging-role.ts';
import { MODEL_ENTRY, modelEnv } from '../../src/supervisor/model-env.ts';
import type { Forkable, Spawner } from '../../src/supervisor/spawn.ts';
import { fakeSpawner, settle } from '../fixtures/fake-process.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const IMAGING: Forkable = { entry: new URL('file:///imaging.ts'), env: { A: '1' }, uploadPipe: true };
const MODEL: Forkable = { entry: new URL('file:///model.ts'), env: { A: '1', B: '2' }, uploadPipe: false };

function setUp(roles: readonly Forkable[]) {
  const { spawn, made } = fakeSpawner();
  const clock = new ManualClock();
  const forks = forkEarly(spawn, roles, clock);
  const log = new PassThrough();
  /** As a managed process does it. */
  const start = (role: Forkable) => {
    const workerId = forks.nextWorkerId(role);
    return { workerId, spawned: forks.spawn({ ...role, workerId, log }) };
  };
  return { forks, made, start, log, clock };
}

test('imaging and the models of a start are forked; disabled ones, on demand ones and those without their card are not', (t) => {
  const settings = testSettings(tempDir(t));
  const base = settings.models['detector'];
  assert.ok(base !== undefined);
  const models: Settings['models'] = {
    first: { ...base, device: 'cpu' },
    disabled: { ...base, enabled: false },
    later: { ...base, residency: 'on_demand' },
    second: { ...base, device: 'cpu', threads: 3 },
  };
  const given = { ...settings, models };
  const roles = earlyRoles(given);
  const { entry, env, uploadPipe } = imagingRole(given, '/any.sock');
  assert.deepEqual({ ...roles[0], env: roles[0]?.env }, { ...roles[0], entry, env, uploadPipe });
  assert.deepEqual(
    roles.slice(1),
    (['first', 'second'] as const).map((name) => {
      const model = models[name];
      assert.ok(model !== undefined);
      return { entry: MODEL_ENTRY, env: modelEnv(given, name, model), uploadPipe: false };
    }),
  );
  const before = process.env['CUDA_VISIBLE_DEVICES'];
  process.env['CUDA_VISIBLE_DEVICES'] = '0';
  t.after(() => {
    if (before === undefined) delete process.env['CUDA_VISIBLE_DEVICES'];
    else process.env['CUDA_VISIBLE_DEVICES'] = before;
  });
  const cards = { near: { ...base, device: 'cuda:0' }, away: { ...base, device: 'cuda:7' } };
  assert.equal(earlyRoles({ ...given, models: cards }).length, 2, 'imaging and the one whose card is there');
});

test('no more than eight, whatever the settings say', (t) => {
  const settings = testSettings(tempDir(t));
  const base = settings.models['detector'];
  assert.ok(base !== undefined);
  const models = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`m${i}`, { ...base, device: 'cpu' }]));
  assert.equal(earlyRoles({ ...settings, models }).length, 8);
});

test('a start gets the process that waits for such a role, and each process goes to one start', () => {
  const { made, start } = setUp([IMAGING, MODEL, MODEL]);
  assert.deepEqual(
    made.map(({ request }) => request.workerId),
    [1, 2, 3],
  );
  const first = start(MODEL);
  const second = start({ ...MODEL, env: { B: '2', A: '1' } });
  const imaging = start(IMAGING);
  assert.deepEqual([first.workerId, second.workerId, imaging.workerId], [2, 3, 1]);
  assert.equal(made.length, 3, 'nothing was forked again');
  assert.equal(first.spawned.pid, made[1]?.pid);
  const third = start(MODEL);
  assert.equal(third.workerId, 4);
  assert.equal(made.length, 4);
});

test('another environment, another entry or no role at all is a process of its own', () => {
  const { forks, made, start } = setUp([MODEL]);
  assert.equal(start({ ...MODEL, env: { A: '1', B: '3' } }).workerId, 2);
  assert.equal(start({ ...MODEL, entry: IMAGING.entry }).workerId, 3);
  assert.equal(start({ ...MODEL, uploadPipe: true }).workerId, 4);
  assert.equal(forks.nextWorkerId(), 5);
  assert.equal(made.length, 4);
});

test('what it said while it waited is told in order, before what it says later, and its output goes to the log', async () => {
  const { made, start, log } = setUp([MODEL]);
  const [child] = made;
  assert.ok(child !== undefined);
  child.say({ type: 'hello' });
  child.say({ type: 'progress' });
  child.request.log.write('said early\n');
  const { spawned } = start(MODEL);
  const heard: string[] = [];
  spawned.onMessage((message) => heard.push((message as { type: string }).type));
  assert.deepEqual(heard, [], 'not before the caller is done');
  await settle();
  child.say({ type: 'listening' });
  assert.deepEqual(heard, ['hello', 'progress', 'listening']);
  child.request.log.write('said late\n');
  await settle();
  assert.equal(String(log.read()), 'said early\nsaid late\n');
});

test('where one cannot be forked it is left at those before it, and a start forks its own', () => {
  const { spawn, made } = fakeSpawner();
  let full = true;
  const failing: Spawner = (request) => {
    if (full && made.length === 1) throw new Error('spawn ENOMEM');
    return spawn(request);
  };
  const forks = forkEarly(failing, [IMAGING, MODEL, MODEL], new ManualClock());
  assert.equal(made.length, 1);
  full = false;
  const log = new PassThrough();
  const workerId = forks.nextWorkerId(MODEL);
  assert.equal(forks.spawn({ ...MODEL, workerId, log }).pid, made[1]?.pid);
  forks.end();
  assert.deepEqual(
    made.map(({ signals }) => signals),
    [['SIGKILL'], []],
  );
});

test('a start is told how long its process has been running', () => {
  const { start, clock } = setUp([MODEL]);
  clock.advance(250);
  assert.equal(start(MODEL).spawned.aheadMs, 250);
  assert.equal(start(MODEL).spawned.aheadMs, undefined, 'it was forked just now');
});

test('one that nobody asked for is killed, and no other', () => {
  const { forks, made, start } = setUp([IMAGING, MODEL]);
  start(IMAGING);
  forks.end();
  assert.deepEqual(
    made.map(({ signals }) => signals),
    [[], ['SIGKILL']],
  );
  assert.equal(start(MODEL).workerId, 3, 'it is not handed out any more');
});
