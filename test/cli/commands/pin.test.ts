import assert from 'node:assert/strict';
import { it } from 'node:test';
import { modelStatusSchema } from '../../../src/contract/results.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

it('pin and unpin say how it is now', async (t) => {
  const { socketPath, calls } = await fakeServer(t);
  const pinned = await run(['pin', 'detector', '--socket', socketPath]);
  assert.deepEqual([pinned.code, pinned.out], [0, 'detector is pinned: it is not unloaded for another model\n']);
  const unpinned = await run(['unpin', 'detector', '--socket', socketPath]);
  assert.deepEqual([unpinned.code, unpinned.out], [0, 'detector is not pinned\n']);
  assert.deepEqual(calls, ['pin detector', 'unpin detector']);
});

it('--json gives the model', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { out } = await run(['pin', 'detector', '--socket', socketPath, '--json']);
  assert.equal(modelStatusSchema.parse(jsonLines(out)[0]).pinned, true);
});

it('needs one model that can be pinned', async (t) => {
  const { socketPath } = await fakeServer(t);
  assert.equal((await run(['pin', '--socket', socketPath])).code, 2);
  assert.equal((await run(['pin', 'a', 'b', '--socket', socketPath])).code, 2);
  assert.equal((await run(['pin', 'nobody', '--socket', socketPath])).code, 4);
  assert.equal((await run(['pin', 'imaging', '--socket', socketPath])).code, 4);
});
