import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { verifyAnswerSchema } from '../../../src/contract/results.ts';
import { jsonLines, run } from '../support/run.ts';
import { type FakeServerOptions, fakeServer } from '../support/server.ts';
import type { TestContext } from 'node:test';

async function setUp(t: TestContext, options: FakeServerOptions = {}) {
  const server = await fakeServer(t, options);
  writeFileSync(path.join(server.dir, 'a'), 'source');
  writeFileSync(path.join(server.dir, 'b'), 'the target');
  const verify = (...args: string[]) => run(['verify', ...args, '--socket', server.socketPath], { cwd: server.dir });
  return { server, verify };
}

it('sends both pictures; a match is code 0', async (t) => {
  const { server, verify } = await setUp(t);
  const { code, out } = await verify('a', 'b', '--match-threshold', '0.5');
  assert.equal(code, 0);
  assert.equal(out, 'same person: cosine 0.7500, needed 0.4270, similarity 0.97 (omz-0095)\n');
  assert.deepEqual(server.calls, ['verify 6 and 10 bytes']);
  assert.equal(server.requests[0]?.options.match_threshold, 0.5);
});

it('no match is code 6, so that && stops', async (t) => {
  const { verify } = await setUp(t, { match: false });
  const { code, out } = await verify('a', 'b');
  assert.equal(code, 6);
  assert.match(out, /^not shown to be the same person: cosine/);
  const json = await verify('a', 'b', '--json');
  assert.equal(json.code, 6);
  assert.equal(verifyAnswerSchema.parse(jsonLines(json.out)[0]).match, false);
});

it('needs two files that can be read', async (t) => {
  const { server, verify } = await setUp(t);
  assert.equal((await verify('a')).code, 2);
  assert.equal((await verify('a', 'b', 'c')).code, 2);
  assert.equal((await verify('-', '-')).code, 2);
  const absent = await verify('a', 'absent');
  assert.equal(absent.code, 1);
  assert.match(absent.err, /absent/);
  assert.deepEqual(server.calls, []);
});
