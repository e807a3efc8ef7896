import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { reloadAnswerSchema } from '../../../src/contract/reload.ts';
import { adminClient } from '../support/admin-client.ts';
import { RELOAD } from '../support/changes.ts';

it('says what differs, and writes down only what was really done', async (t) => {
  const { ask, changes, who } = await adminClient(t);
  for (const [body, dryRun] of [
    [undefined, false],
    [{}, false],
    [{ dry_run: true }, true],
  ] as const) {
    const answer = await ask('POST', '/v1/reload', body === undefined ? {} : { body });
    assert.equal(answer.status, 200);
    assert.deepEqual(reloadAnswerSchema.parse(await answer.json()), { ...RELOAD, dry_run: dryRun });
  }
  assert.deepEqual(changes.calls, ['reload false', 'reload false', 'reload true']);
  const line = { who, action: 'server.reload', target: 'configuration', result: 'ok' };
  assert.deepEqual(changes.audited, [line, line]);
});

it('a wrong configuration is refused with every fault', async (t) => {
  const reload = () => Promise.reject(new ConfigError(['http.port: 70000 is not allowed', 'log.level: loud is not']));
  const { refused, changes } = await adminClient(t, { reload });
  const problem = await refused('POST', '/v1/reload');
  assert.deepEqual([problem.status, problem.code], [400, 'invalid_argument']);
  assert.match(problem.detail, /http\.port: 70000[\s\S]*log\.level: loud/);
  assert.deepEqual(
    changes.audited.map(({ result }) => result),
    ['invalid_argument'],
  );
});

it('refuses what it does not know', async (t) => {
  const { refused, ask, changes } = await adminClient(t);
  const table = [
    [{ body: { dry: true } }, 'invalid_argument', 'dry'],
    [{ body: { dry_run: 'yes' } }, 'invalid_argument', 'dry_run'],
    [{ body: 'dry_run=true', headers: { 'Content-Type': 'text/plain' } }, 'unsupported_media', undefined],
  ] as const;
  for (const [options, code, param] of table) {
    const problem = await refused('POST', '/v1/reload', options);
    assert.deepEqual([problem.code, problem.param], [code, param]);
  }
  assert.equal((await refused('POST', '/v1/reload?dry_run=true')).code, 'unknown_option');
  assert.equal((await ask('GET', '/v1/reload')).status, 405);
  assert.deepEqual(changes.calls, []);
});
