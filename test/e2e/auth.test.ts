/** API keys with a real server and the real command line. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { auditFile } from '../../src/auth/audit-log.ts';
import { facesAnswerSchema } from '../../src/contract/results.ts';
import { facepool } from './support/process.ts';
import { makeDataDir, startServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';

async function cli(dataDir: string, ...args: string[]) {
  const command = facepool([...args, '--data-dir', dataDir]);
  const { code } = await command.exited;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}

it('a server that others may reach does not start without a key, and says how to make one', async (t) => {
  const dataDir = makeDataDir();
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  for (const flags of [
    ['--host', '0.0.0.0'],
    ['--set', 'auth.mode=required'],
  ]) {
    const { code, stdout, stderr } = await cli(dataDir, 'start', '--port', '0', ...flags);
    assert.deepEqual([code, stdout], [5, '']);
    assert.match(stderr, /facepool keys create --data-dir .* --name <who> --scope infer/);
  }
  assert.equal(existsSync(path.join(dataDir, 'server.lock')), false, 'nothing was begun');
});

describe('with keys', { skip }, () => {
  it('keys made before and meanwhile work, revoked ones do not, and the socket needs none', async (t) => {
    const dataDir = makeDataDir();
    const create = async (scope: string) => {
      const { code, stdout } = await cli(dataDir, 'keys', 'create', '--name', scope, '--scope', scope);
      assert.equal(code, 0);
      return stdout.trimEnd();
    };
    const infer = await create('infer');
    const server = await startServer({ dataDir, args: ['--set', 'auth.mode=required', '--set', 'admin.http=true'] });
    t.after(() => server.stop());
    const ask = (address: string, key: string | null, init: RequestInit = { method: 'POST' }) =>
      fetch(server.url + address, { ...init, headers: key === null ? {} : { 'x-api-key': key } });
    const detect = async (key: string | null) => {
      const body = new FormData();
      body.append('file', new Blob([Uint8Array.from(picture('photos/person-vlado.jpg'))]), 'a.jpg');
      return ask('/detect', key, { method: 'POST', body });
    };

    assert.equal((await detect(null)).status, 401);
    const answer = await detect(infer);
    assert.equal(answer.status, 200);
    assert.equal(facesAnswerSchema.parse(await answer.json()).faces.length, 1);

    const restart = '/v1/models/liveness/restart?wait=true';
    assert.equal((await ask(restart, infer)).status, 403);
    const admin = await create('admin');
    assert.equal((await ask(restart, admin)).status, 200);
    assert.equal((await cli(dataDir, 'restart', 'liveness')).code, 0);

    assert.equal((await cli(dataDir, 'keys', 'revoke', infer)).code, 0);
    assert.equal((await detect(infer)).status, 401);
    assert.equal((await cli(dataDir, 'status')).code, 0);

    const log = JSON.stringify(server.log());
    const audit = readFileSync(auditFile(dataDir), 'utf8');
    const actions = audit
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { who, action } = JSON.parse(line) as Record<string, string>;
        return `${who} ${action}`;
      });
    const uid = `cli:uid=${process.getuid?.()}`;
    assert.deepEqual(actions, [
      `${uid} key.create`,
      `${uid} key.create`,
      `key:${admin.split('_')[1]} model.restart`,
      'socket model.restart',
      `${uid} key.revoke`,
    ]);
    for (const key of [infer, admin]) {
      const secret = key.split('_')[2] ?? '';
      assert.ok(secret.length > 40 && !log.includes(secret) && !audit.includes(secret));
    }
    assert.match(log, new RegExp(`"key":"${infer.split('_')[1]}"`));
  });
});
