import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createClient } from '../../src/cli/client.ts';
import { look, Recent, SPAN_S } from '../../src/cli/top-data.ts';
import { FacepoolError } from '../../src/contract/errors.ts';
import { GPU_ID } from '../http/support/observatory.ts';
import { fakeServer } from './support/server.ts';
import { GPU, HISTORY, story, workerReading } from './support/story.ts';

const at = (seconds: number): string => new Date(Date.parse(GPU.at ?? '') + seconds * 1000).toISOString();

it('goes on where the history ended, and forgets what is older than five minutes', () => {
  const recent = new Recent();
  recent.addHistory(HISTORY);
  const util = () => recent.of('device', GPU_ID, 'util');
  assert.equal(util().length, 60);
  recent.add(GPU);
  recent.add(GPU);
  assert.deepEqual([util().length, util().at(-1)?.value], [61, 43]);
  assert.equal(recent.last, Date.parse(GPU.at ?? '') / 1000);
  recent.add({ ...GPU, at: at(150) });
  assert.equal(recent.last - (util()[0]?.t ?? 0), SPAN_S);
  recent.add({ ...GPU, at: at(100_000) });
  assert.equal(util().length, 1);
});

it('a process on a card is its memory there', () => {
  const recent = new Recent();
  recent.add({ ...GPU, workers: [workerReading(), workerReading({ name: 'imaging', device: 'cpu' })] });
  const memory = (name: string) => recent.of('worker', name, 'memory').map(({ value }) => value);
  assert.deepEqual([memory('detector'), memory('imaging'), memory('nobody')], [[2 ** 30], [2 ** 28], []]);
});

it('nothing was observed yet: nothing is kept', () => {
  const recent = new Recent();
  recent.add({ ...GPU, at: null });
  assert.deepEqual([recent.last, recent.of('device', 'cpu', 'util')], [0, []]);
});

it('asks for five minutes; a server without a history is no reason to stop, one that is gone is', async (t) => {
  const observatory = story();
  const { socketPath, close } = await fakeServer(t, { observatory });
  const client = createClient(socketPath);
  const recent = new Recent();
  await recent.load(client);
  assert.equal(recent.of('device', 'cpu', 'util').length, 60);
  const seen = await look(client);
  assert.deepEqual([seen.gpu, seen.models.length, seen.alerts.length, seen.events], [GPU, 2, 2, []]);
  const without = story({ history: () => Promise.reject(new FacepoolError('invalid_argument', 'no history')) });
  const second = await fakeServer(t, { observatory: without });
  await recent.load(createClient(second.socketPath));
  await close();
  await assert.rejects(recent.load(client), { exitCode: 3 });
});
