/** Who asks, through the whole application: the pipeline is told. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { problemSchema } from '../../src/contract/results.ts';
import { looseKey, storeOf } from '../fixtures/auth/keys.ts';
import { startServer } from './support/server.ts';

const PICTURE = { 'Content-Type': 'image/jpeg' };

it('is the header, else the key, else nobody', async (t) => {
  const { key, token } = looseKey({ scopes: ['infer'] });
  const open = await startServer();
  const keyed = await startServer({ auth: { mode: 'required' }, keys: storeOf([key]) });
  t.after(() => Promise.all([open.close(), keyed.close()]));
  const ask = async (server: typeof open, headers: Record<string, string>) => {
    const answer = await fetch(`${server.url}/detect`, {
      method: 'POST',
      body: 'x',
      headers: { ...PICTURE, ...headers },
    });
    assert.equal(answer.status, 200);
    return server.calls.at(-1)?.request.client;
  };
  const Authorization = `Bearer ${token}`;
  assert.equal(await ask(open, {}), undefined);
  assert.equal(await ask(open, { 'X-Client-Id': '  ' }), undefined);
  assert.equal(await ask(open, { 'X-Client-Id': ' studio 7 ' }), 'studio 7');
  assert.equal(await ask(keyed, { Authorization }), key.id);
  assert.equal(await ask(keyed, { Authorization, 'X-Client-Id': 'x'.repeat(200) }), 'x'.repeat(200));
  assert.doesNotMatch(JSON.stringify(open.logLines), /studio/);
});

it('one that is too long is refused before the picture is read', async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  const headers = { ...PICTURE, 'X-Client-Id': 'x'.repeat(201) };
  const answer = await fetch(`${server.url}/detect`, { method: 'POST', body: 'x', headers });
  const problem = problemSchema.parse(await answer.json());
  assert.deepEqual([problem.status, problem.code, problem.param], [400, 'invalid_argument', 'X-Client-Id']);
  assert.deepEqual(server.calls, []);
});
