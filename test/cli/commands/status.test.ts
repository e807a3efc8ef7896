import assert from 'node:assert/strict';
import path from 'node:path';
import { it } from 'node:test';
import { type ModelStatus, modelsAnswerSchema } from '../../../src/contract/results.ts';
import { MODEL_STATUS } from '../../http/support/server.ts';
import { fakePeople, STATUS } from '../../http/support/people.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

it('is a table with aligned columns, without colour where it is no terminal', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { code, out, err } = await run(['status', '--socket', socketPath]);
  assert.deepEqual([code, err], [0, '']);
  const [title = '', imaging = '', detector = ''] = out.split('\n');
  assert.match(
    title,
    /^NAME +STATUS +STATE +VERSION +DEVICE +RESIDENCY +PID +UPTIME +MEMORY +RESERVED +LOADED IN +RESTARTS +QUEUE +REASON$/,
  );
  assert.match(
    detector,
    /^detector +RUNNING +ready +yunet-n +cpu +on demand +4711 +12s +1 B +2\.0 KiB +90 ms +0 +0 +loaded$/,
  );
  assert.match(imaging, /^imaging +RUNNING +ready +- /);
  assert.equal(title.indexOf('STATE'), detector.indexOf('ready'));
  assert.equal(title.indexOf('REASON'), detector.indexOf('loaded'));
  assert.equal(out.includes('\u001b'), false);
});

it('an unloaded model is EXITED; a pin and the last death are told', async (t) => {
  const unloaded: ModelStatus = {
    ...MODEL_STATUS,
    state: 'stopped',
    supervisord_state: 'EXITED',
    reason: 'idle',
    pid: null,
    uptime_s: null,
    memory_bytes: null,
    reserved_bytes: 0,
  };
  const pinned: ModelStatus = {
    ...MODEL_STATUS,
    name: 'recognizer',
    residency: 'resident',
    pinned: true,
    last_death: 'crash: SIGSEGV',
  };
  const { socketPath } = await fakeServer(t, { control: { status: () => [unloaded, pinned] } });
  const { out } = await run(['status', '--socket', socketPath]);
  assert.match(out, /\ndetector +EXITED +stopped +yunet-n +cpu +on demand +- +- +- +0 B .* idle\n/);
  assert.match(out, /\nrecognizer +RUNNING +ready .* resident, pinned +4711 .* loaded; last death: crash: SIGSEGV\n$/);
});

it('says below it what is wrong with people, although every process is well', async (t) => {
  const mismatch = { collections: ['staff'], count: 1, faces: 3, spaces: ['a'], detail: '3 faces are known elsewhere' };
  const own = await fakeServer(t, { people: fakePeople({ status: () => ({ ...STATUS, mismatch }) }) });
  const { code, err } = await run(['status', '--socket', own.socketPath]);
  assert.deepEqual([code, err], [0, '!! 3 faces are known elsewhere\n']);
  const people = await run(['people', '--socket', own.socketPath]);
  assert.match(people.out, /^!! 3 faces are known elsewhere\npeople can be asked for\n/);
  const failed = fakePeople({ status: () => ({ ...STATUS, state: 'failed', detail: 'the disk' }) });
  const other = await fakeServer(t, { people: failed });
  assert.equal((await run(['status', '--socket', other.socketPath])).err, '!! people cannot be asked for: the disk\n');

  const mute = fakePeople({
    status: () => {
      throw new Error('a bug');
    },
  });
  const answer = await run(['status', '--socket', (await fakeServer(t, { people: mute })).socketPath]);
  assert.deepEqual([answer.code, answer.err], [0, '']);
});

it('has colour on a terminal, but not with NO_COLOR', async (t) => {
  const { socketPath } = await fakeServer(t);
  const args = ['status', '--socket', socketPath];
  assert.ok((await run(args, { tty: true })).out.includes('\u001b['));
  assert.equal((await run(args, { tty: true, env: { NO_COLOR: '1' } })).out.includes('\u001b'), false);
});

it('--json is what the server said', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { out } = await run(['status', '--socket', socketPath, '--json']);
  const { models } = modelsAnswerSchema.parse(jsonLines(out)[0]);
  assert.deepEqual(
    models.map(({ name }) => name),
    ['imaging', 'detector'],
  );
});

it('finds the socket through --data-dir, the environment and --config, each as the server would', async (t) => {
  const { dir } = await fakeServer(t);
  assert.equal((await run(['status', '--data-dir', dir])).code, 0);
  assert.equal((await run(['status'], { env: { FACEPOOL_DATA_DIR: dir } })).code, 0);
  assert.equal((await run(['status', '--data-dir', path.basename(dir)], { cwd: path.dirname(dir) })).code, 0);
});

it('without a server: code 3, and how to start one', async (t) => {
  const socket = path.join(tempDir(t), 'none.sock');
  const { code, err } = await run(['status', '--socket', socket]);
  assert.equal(code, 3);
  assert.equal(err, `facepool: no server answers on ${socket}; start one with: facepool start\n`);
  const json = await run(['status', '--socket', socket, '--json']);
  assert.equal(json.code, 3);
  assert.equal(jsonLines(json.err).length, 1);
});

it('a server’s words do not steer the terminal', async (t) => {
  const status = () => [{ ...MODEL_STATUS, reason: 'a\u001b[2Jb\nc' }];
  const { socketPath } = await fakeServer(t, { control: { status } });
  assert.match((await run(['status', '--socket', socketPath])).out, /a\?\[2Jb\?c\n$/);
});
