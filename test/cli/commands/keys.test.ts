import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { auditFile } from '../../../src/auth/audit-log.ts';
import { authenticate } from '../../../src/auth/authenticate.ts';
import { KeyStore } from '../../../src/auth/key-store.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { jsonLines, run } from '../support/run.ts';

const CREATE = ['keys', 'create', '--data-dir', 'data'];

it('create prints the key alone on standard output; list and revoke never do', async (t) => {
  const cwd = tempDir(t);
  const made = await run([...CREATE, '--name', 'the door', '--scope', 'infer', '--expires', '30d'], { cwd });
  assert.equal(made.code, 0);
  const token = made.out.trimEnd();
  assert.match(made.out, /^fp_\w+_\w+\n$/);
  assert.match(made.err, /^key \w{8} \(the door\): infer, until 20\d\d-.*\nIt is shown this once/);

  const store = new KeyStore(path.join(cwd, 'data'));
  const key = authenticate(token, store, systemClock);
  assert.deepEqual([key.name, key.scopes], ['the door', ['infer']]);
  const days = (Date.parse(key.expires_at ?? '') - Date.parse(key.created_at)) / 86_400_000;
  assert.equal(days, 30);

  const listed = await run(['keys', 'list', '--data-dir', 'data'], { cwd });
  assert.match(listed.out, new RegExp(`\\n${key.id} +the door +infer +active +20.* never\\n$`));
  const revoked = await run(['keys', 'revoke', key.id, '--data-dir', 'data'], { cwd });
  assert.deepEqual([revoked.code, revoked.out], [0, `key ${key.id} (the door) is revoked\n`]);
  assert.throws(() => authenticate(token, store, systemClock), { code: 'unauthorized', message: /is revoked/ });
  const again = await run(['keys', 'revoke', token, '--data-dir', 'data'], { cwd });
  assert.match(again.out, /was revoked before, at 20/);
  assert.match((await run(['keys', 'list', '--data-dir', 'data'], { cwd })).out, / revoked /);

  const audit = readFileSync(auditFile(path.join(cwd, 'data')), 'utf8');
  const lines = jsonLines(audit).map((line) => JSON.stringify(line).replace(/"time":"[^"]*",/, ''));
  const who = `cli:uid=${process.getuid?.()}`;
  assert.deepEqual(lines, [
    JSON.stringify({ who, action: 'key.create', target: key.id, name: 'the door', scopes: ['infer'], result: 'ok' }),
    JSON.stringify({ who, action: 'key.revoke', target: key.id, name: 'the door', result: 'ok' }),
  ]);
  const secret = token.split('_')[2] ?? '';
  for (const text of [made.err, listed.out, revoked.out, again.out, audit]) assert.ok(!text.includes(secret));
});

it('takes scopes in any order and number, rates, and answers in JSON', async (t) => {
  const cwd = tempDir(t);
  const flags = ['--name', 'a', '--scope', 'people:write,infer', '--scope', 'people:read', '--rate-limit', '60'];
  const { out } = await run([...CREATE, ...flags, '--burst', '5', '--json'], { cwd });
  const [made] = jsonLines(out);
  assert.ok(typeof made === 'object' && made !== null && 'key' in made && typeof made.key === 'string');
  const { key: _, ...rest } = made;
  const [list] = jsonLines((await run(['keys', 'list', '--data-dir', 'data', '--json'], { cwd })).out);
  assert.deepEqual(list, { keys: [rest] });
  assert.partialDeepStrictEqual(rest, {
    name: 'a',
    scopes: ['infer', 'people:read', 'people:write'],
    state: 'active',
    expires_at: null,
    rate_limit_per_minute: 60,
    burst: 5,
    last_used_at: null,
  });
  assert.equal('sha256' in rest, false);
});

it('says what is missing or wrong, and makes nothing', async (t) => {
  const cwd = tempDir(t);
  const table: [string[], number, RegExp][] = [
    [[], 2, /needs --name/],
    [['--name', ' '], 2, /needs --name/],
    [['--name', 'a'.repeat(101), '--scope', 'infer'], 2, /at most 100/],
    [['--name', 'a'], 2, /needs --scope: a comma list of infer, people:read, people:write, admin/],
    [['--name', 'a', '--scope', ','], 2, /needs --scope/],
    [['--name', 'a', '--scope', 'infer,root'], 2, /--scope root: must be of infer/],
    [['--name', 'a', '--scope', 'infer', '--expires', 'soon'], 2, /--expires soon: must be a time such as/],
    [['--name', 'a', '--scope', 'infer', '--rate-limit', '-1'], 2, /rate-limit/],
    [['--name', 'a', '--scope', 'infer', '--burst', 'x'], 2, /--burst x: must be a whole number/],
    [['more', '--name', 'a', '--scope', 'infer'], 2, /one word too many/],
  ];
  for (const [flags, code, message] of table) {
    const ran = await run([...CREATE, ...flags], { cwd });
    assert.deepEqual([ran.code, ran.out], [code, ''], flags.join(' '));
    assert.match(ran.err, message);
  }
  assert.match((await run(['keys', 'list', '--data-dir', 'data'], { cwd })).out, /^there are no keys/);
  const unknown = await run(['keys', 'revoke', 'nobody', '--data-dir', 'data'], { cwd });
  assert.equal(unknown.code, 4);
  assert.match(unknown.err, /there is no such key/);
});
