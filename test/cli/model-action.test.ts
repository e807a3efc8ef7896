import assert from 'node:assert/strict';
import { it } from 'node:test';
import { modelStatusSchema } from '../../src/contract/results.ts';
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
