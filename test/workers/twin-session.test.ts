import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphSession } from '../../workers/session.ts';
import { twinned } from '../../workers/twin-session.ts';

/** Answers with its own name. */
function sessionOf(name: string): GraphSession {
  return {
    inputNames: ['in'],
    outputNames: [name],
    inputs: [],
    provider: 'cpu',
    run: async () => ({ [name]: { dims: [1], data: new Float32Array(1) } }),
    release: async () => {},
  };
}

const FEEDS = { in: { type: 'uint8', data: new Uint8Array(1), dims: [1] } } as const;
const fail = (error: unknown): never => assert.fail(String(error));

test('the second session is opened once, when others first want the cores, and runs only then', async () => {
  let opened = 0;
  const open = async (): Promise<GraphSession> => {
    opened++;
    return sessionOf('twin');
  };
  const run = twinned(sessionOf('first'), open, fail);
  assert.deepEqual(Object.keys(await run(FEEDS, false)), ['first']);
  assert.equal(opened, 0);
  const both = await Promise.all([run(FEEDS, true), run(FEEDS, true)]);
  assert.deepEqual(
    both.map((answer) => Object.keys(answer)),
    [['twin'], ['twin']],
  );
  assert.deepEqual(Object.keys(await run(FEEDS, false)), ['first']);
  assert.deepEqual(Object.keys(await run(FEEDS, true)), ['twin']);
  assert.equal(opened, 1);
});

test('where it cannot be opened the first runs everything, and it is told once', async () => {
  const told: unknown[] = [];
  const cause = new Error('no memory');
  const run = twinned(
    sessionOf('first'),
    () => Promise.reject(cause),
    (error) => told.push(error),
  );
  for (let i = 0; i < 3; i++) assert.deepEqual(Object.keys(await run(FEEDS, true)), ['first']);
  assert.deepEqual(told, [cause]);
});

test('a run that fails in the second session fails: it is not run again by the first', async () => {
  const broken = { ...sessionOf('twin'), run: () => Promise.reject(new Error('the graph failed')) };
  const run = twinned(sessionOf('first'), async () => broken, fail);
  await assert.rejects(run(FEEDS, true), /the graph failed/);
});

test('without a second there is only the first', async () => {
  const run = twinned(sessionOf('first'), null, fail);
  assert.deepEqual(Object.keys(await run(FEEDS, true)), ['first']);
});
