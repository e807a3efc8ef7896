import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { it } from 'node:test';
import { run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

it('prints the last lines', async (t) => {
  const { socketPath } = await fakeServer(t);
  assert.deepEqual(await run(['logs', 'detector', '--socket', socketPath]), {
    code: 0,
    out: 'one\ntwo\nthree\n',
    err: '',
  });
  assert.equal((await run(['logs', 'detector', '-n', '1', '--socket', socketPath])).out, 'three\n');
});

it('-f goes on with what is written, until the server ends', async (t) => {
  const { socketPath, logFile, close } = await fakeServer(t);
  let seen = '';
  const onOutput = (text: string): void => {
    seen += text;
    if (seen.endsWith('three\n')) appendFileSync(logFile, 'four\n');
    if (seen.endsWith('four\n')) void close();
  };
  const { code, out } = await run(['logs', 'detector', '-f', '-n', '1', '--socket', socketPath], { onOutput });
  assert.deepEqual([code, out], [0, 'three\nfour\n']);
});

it('of an unknown model: refused (4)', async (t) => {
  const { socketPath } = await fakeServer(t);
  assert.equal((await run(['logs', '../x', '--socket', socketPath])).code, 4);
});
