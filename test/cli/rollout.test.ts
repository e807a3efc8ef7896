import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createClient } from '../../src/cli/client.ts';
import { postSwap, readSwap, readSwaps, readVersions, watchSwap } from '../../src/cli/rollout.ts';
import type { Swap } from '../../src/contract/rollout.ts';
import { fakeChanges, SWAP, VERSIONS } from '../http/support/changes.ts';
import { until } from '../http/support/server.ts';
import { fakeServer } from './support/server.ts';

it('asks for versions and swaps', async (t) => {
  const changes = fakeChanges();
  const client = createClient((await fakeServer(t, { changes })).socketPath);
  assert.deepEqual(await readVersions(client, 'detector'), VERSIONS);
  assert.deepEqual(await readSwaps(client, undefined), [SWAP]);
  assert.deepEqual(await readSwaps(client, 'detector'), [SWAP]);
  assert.deepEqual(await readSwap(client, SWAP.id), SWAP);
  assert.deepEqual(await postSwap(client, 'detector', 'swap', { version: 'yunet-2', percent: undefined }), SWAP);
  await assert.rejects(readVersions(client, '../swaps'), /not_found/);
  await assert.rejects(readSwap(client, 'no/pe'), /not_found/);
});

it('watches until a swap is over or live', async (t) => {
  const changes = fakeChanges();
  const client = createClient((await fakeServer(t, { changes })).socketPath);
  const seen: Swap['state'][] = [];
  const watching = watchSwap(client, SWAP.id, ({ state }) => void seen.push(state));
  await until(() => changes.listeners() === 1);
  changes.change({ attempts: 2 });
  changes.change({ state: 'live' });
  assert.equal((await watching).state, 'live');
  assert.deepEqual(seen, ['running', 'running', 'live']);
  await until(() => changes.listeners() === 0);
});
