import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { type ModelStatus, modelStatusSchema } from '../../src/contract/results.ts';
import { MODEL_STATUS } from '../http/support/server.ts';
import { jsonLines, run } from './support/run.ts';
import { fakeServer } from './support/server.ts';

it('shows each state on the way and the end', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { socketPath, calls } = await fakeServer(t, { gate: gate.promise });
  const onOutput = (text: string): void => {
    if (text.includes('stopping')) gate.resolve();
  };
  const { code, out, err } = await run(['restart', 'detector', '--socket', socketPath], { onOutput });
  assert.equal(code, 0);
  assert.deepEqual(calls, ['restart detector']);
  assert.match(err, /^detector: stopping \(asked for\)\n/);
  assert.match(out, /^detector is ready after \d+ ms, pid 4711 \(restart was asked for\)\n$/);
});

it('stop and start end in their own states', async (t) => {
  const { socketPath, calls } = await fakeServer(t);
  assert.match((await run(['stop', 'detector', '--socket', socketPath])).out, /^detector is stopped after/);
  assert.match((await run(['start', 'detector', '--socket', socketPath])).out, /^detector is ready after/);
  assert.deepEqual(calls, ['stop detector', 'start detector']);
});

it('load and unload show the way and end in their own states', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { socketPath, calls } = await fakeServer(t, { gate: gate.promise });
  const onOutput = (text: string): void => {
    if (text.includes('loading')) gate.resolve();
  };
  const loaded = await run(['load', 'detector', '--socket', socketPath], { onOutput });
  assert.match(loaded.err, /^detector: loading \(asked for\)\n/);
  assert.match(loaded.out, /^detector is ready after/);
  const unloaded = await run(['unload', 'detector', '--socket', socketPath]);
  assert.deepEqual([unloaded.code, calls], [0, ['load detector', 'unload detector']]);
  assert.match(unloaded.out, /^detector is stopped after/);
});

it('unload of a model in use waits until nobody uses it', async (t) => {
  const busy: ModelStatus = { ...MODEL_STATUS, in_use: 2 };
  const idle: ModelStatus = { ...MODEL_STATUS, state: 'stopped', supervisord_state: 'EXITED', pid: null, in_use: 0 };
  let now = busy;
  let asked = 0;
  const control = {
    unload: async () => busy,
    status: () => {
      asked += 1;
      if (asked > 6) now = idle;
      return [now];
    },
  };
  const { socketPath } = await fakeServer(t, { control });
  const { code, out } = await run(['unload', 'detector', '--socket', socketPath]);
  assert.equal(code, 0);
  assert.match(out, /^detector is stopped after/);
});

it('a resident model comes back after unload: a failure (1) that says how to keep it out', async (t) => {
  const unload = async (): Promise<ModelStatus> => ({ ...MODEL_STATUS, state: 'starting', residency: 'resident' });
  const { socketPath } = await fakeServer(t, { control: { unload } });
  const { code, out } = await run(['unload', 'detector', '--socket', socketPath]);
  assert.equal(code, 1);
  assert.match(out, /; it is resident and comes back, unless it is stopped: facepool stop detector\n$/);
});

it('says that a model waits for memory', async (t) => {
  const waiting: ModelStatus = { ...MODEL_STATUS, state: 'stopped', supervisord_state: 'EXITED', pid: null };
  const told = Promise.withResolvers<void>();
  const control = { status: () => [waiting], load: () => told.promise.then(() => MODEL_STATUS) };
  const { socketPath } = await fakeServer(t, { control });
  const onOutput = (text: string): void => {
    if (text.includes('waits')) told.resolve();
  };
  const { code, err } = await run(['load', 'detector', '--socket', socketPath], { onOutput });
  assert.equal(code, 0);
  assert.equal(err, 'detector waits for memory; facepool plan detector says for what\n');
});

it('no room to load is a failure (1) that says so', async (t) => {
  const load = () => Promise.reject(new FacepoolError('memory_exhausted', 'no room', { retryAfterS: 20 }));
  const { socketPath } = await fakeServer(t, { control: { load } });
  const { code, err } = await run(['load', 'detector', '--socket', socketPath]);
  assert.equal(code, 1);
  assert.equal(err, 'facepool: memory_exhausted: no room\n');
});

it('imaging is not loaded or unloaded (4)', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { code, err } = await run(['unload', 'imaging', '--socket', socketPath]);
  assert.equal(code, 4);
  assert.equal(err, 'facepool: invalid_argument: imaging is always loaded; unload is for models\n');
});

it('a model that does not get there is a failure (1)', async (t) => {
  const { socketPath } = await fakeServer(t, { endsIn: 'failed' });
  const { code, out } = await run(['start', 'detector', '--socket', socketPath]);
  assert.equal(code, 1);
  assert.match(out, /^detector is failed after/);
});

it('--json gives the model and nothing else', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { code, out, err } = await run(['restart', 'detector', '--socket', socketPath, '--json']);
  assert.deepEqual([code, err], [0, '']);
  assert.equal(modelStatusSchema.parse(jsonLines(out)[0]).state, 'ready');
});

it('a model that there is not is a refusal (4) that names those that are', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { code, err } = await run(['restart', 'nobody', '--socket', socketPath]);
  assert.equal(code, 4);
  assert.equal(err, 'facepool: not_found: there is no model "nobody"; there are: imaging, detector\n');
});
