import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { versionsAnswerSchema } from '../../../src/contract/rollout.ts';
import { versionRowSchema } from '../../../src/contract/staging.ts';
import { adminClient } from '../support/admin-client.ts';
import { fakeChanges, STAGED, SWAP, VERSIONS, versionRow } from '../support/changes.ts';
import { startServer, until } from '../support/server.ts';

const PATH = '/v1/models/detector/versions';

function form(files: Record<string, string> = { 'a.onnx': 'weights', LICENSE: 'MIT' }): FormData {
  const made = new FormData();
  made.append('version', 'yunet-2');
  made.append('manifest', 'schema: 1');
  for (const [name, text] of Object.entries(files)) made.append('files', new Blob([text]), name);
  return made;
}

describe('looking at versions', () => {
  it('gives all of them to everybody, with the generation as ETag', async (t) => {
    const server = await startServer({ changes: fakeChanges() });
    t.after(() => server.close());
    const answer = await fetch(server.url + PATH);
    assert.equal(answer.headers.get('etag'), '"3"');
    assert.deepEqual(versionsAnswerSchema.parse(await answer.json()), VERSIONS);
    const one = await fetch(`${server.url}${PATH}/yunet-2`);
    assert.deepEqual(versionRowSchema.parse(await one.json()), STAGED);
    assert.equal((await fetch(server.url + PATH, { method: 'POST' })).headers.get('allow'), 'GET, HEAD, OPTIONS');
  });

  it('refuses what there is not', async (t) => {
    const { refused } = await adminClient(t);
    for (const [path, code, param] of [
      ['/v1/models/nobody/versions', 'not_found', 'model'],
      [`${PATH}/nope`, 'not_found', 'version'],
      [`${PATH}?all=true`, 'unknown_option', 'all'],
      [`${PATH}/yunet-2?all=true`, 'unknown_option', 'all'],
    ] as const) {
      const problem = await refused('GET', path);
      assert.deepEqual([problem.code, problem.param], [code, param]);
    }
    assert.match((await refused('GET', `${PATH}/nope`)).detail, /there are: yunet-n, yunet-2/);
  });
});

describe('registering a version', () => {
  it('answers 201 with the version and its address', async (t) => {
    const { ask, changes, who } = await adminClient(t);
    const answer = await ask('POST', PATH, { body: form() });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('location'), `${PATH}/yunet-2`);
    assert.deepEqual(versionRowSchema.parse(await answer.json()), STAGED);
    assert.deepEqual(changes.calls, [`stage detector yunet-2 by ${who}`]);
    assert.deepEqual(changes.uploads, [
      { version: 'yunet-2', manifest: 'schema: 1', files: { 'a.onnx': 'weights', LICENSE: 'MIT' } },
    ]);
    assert.deepEqual(changes.audited, [
      { who, action: 'model.add', target: 'detector', version: 'yunet-2', result: 'ok' },
    ]);
  });

  it('takes files that lie on the server already', async (t) => {
    const { ask, changes } = await adminClient(t);
    const sha256 = 'ab'.repeat(32);
    const body = {
      version: 'yunet-2',
      manifest: { path: 'new/manifest.yaml' },
      files: [
        { name: 'a.onnx', path: '/mirror/a.onnx', sha256 },
        { name: 'b.onnx', path: 'b.onnx' },
        { name: 'LICENSE', text: 'MIT ©' },
      ],
    };
    const answer = await ask('POST', PATH, { body });
    assert.equal(answer.status, 201);
    assert.deepEqual(changes.uploads, [
      {
        version: 'yunet-2',
        manifest: { path: 'new/manifest.yaml' },
        files: { 'a.onnx': `/mirror/a.onnx ${sha256}`, 'b.onnx': 'b.onnx ', LICENSE: 'MIT ©' },
      },
    ]);
  });

  it('refuses a JSON body that is not one', async (t) => {
    const { refused, changes } = await adminClient(t);
    const whole = { version: 'yunet-2', manifest: 'x', files: [] };
    const table: [object, string][] = [
      [{ ...whole, version: undefined }, 'version'],
      [{ ...whole, version: 'A b' }, 'version'],
      [{ ...whole, manifest: '' }, 'manifest'],
      [{ ...whole, extra: 1 }, 'extra'],
      [{ ...whole, files: {} }, 'files'],
      [{ ...whole, files: [{ name: 'a.onnx' }] }, 'files.0'],
      [{ ...whole, files: [{ name: 'a.onnx', path: 'a', sha256: 'XYZ' }] }, 'files.0.sha256'],
    ];
    for (const [body, param] of table) {
      const problem = await refused('POST', PATH, { body });
      assert.deepEqual([problem.status, problem.code, problem.param], [400, 'invalid_argument', param]);
    }
    const type = { 'Content-Type': 'application/zip' };
    assert.equal((await refused('POST', PATH, { body: 'PK', headers: type })).code, 'unsupported_media');
    assert.deepEqual([changes.calls, changes.audited], [[], []]);
  });

  it('every refusal of the checks keeps its code, and is written down', async (t) => {
    for (const [code, status] of [
      ['invalid_argument', 400],
      ['conflict', 409],
      ['payload_too_large', 413],
      ['model_failed', 502],
      ['storage_full', 507],
    ] as const) {
      const check = () => Promise.reject(new FacepoolError(code, `no: ${code}`, { param: 'a.onnx' }));
      const { refused, changes } = await adminClient(t, { check });
      const problem = await refused('POST', PATH, { body: form() });
      assert.deepEqual([problem.status, problem.code, problem.detail], [status, code, `no: ${code}`]);
      assert.deepEqual(
        changes.audited.map(({ result }) => result),
        [code],
      );
    }
    const { refused } = await adminClient(t);
    assert.equal((await refused('POST', '/v1/models/nobody/versions', { body: form() })).code, 'not_found');
  });

  it('ends when the client goes, and when the server closes', async (t) => {
    const closing = new AbortController();
    const begun: AbortSignal[] = [];
    const check = ({ signal }: { readonly signal: AbortSignal }) =>
      new Promise<void>((_resolve, reject) => {
        begun.push(signal);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const { server, token, refused } = await adminClient(t, { check }, { signal: closing.signal });
    const gone = new AbortController();
    const headers = { Authorization: `Bearer ${token}` };
    const asking = fetch(server.url + PATH, { method: 'POST', body: form(), headers, signal: gone.signal });
    await until(() => begun.length === 1);
    gone.abort();
    await assert.rejects(asking);
    await until(() => begun[0]?.aborted === true);
    const second = refused('POST', PATH, { body: form() });
    await until(() => begun.length === 2);
    closing.abort();
    assert.equal((await second).code, 'shutting_down');
    assert.equal((await refused('POST', PATH, { body: form() })).code, 'shutting_down');
  });

  it('needs the scope admin, and admin.http over TCP', async (t) => {
    const { refused, changes } = await adminClient(t);
    assert.equal((await refused('POST', PATH, { body: form(), token: 'none' })).status, 401);
    const closed = await adminClient(t, {}, { adminHttp: false });
    assert.equal((await closed.refused('POST', PATH, { body: form() })).status, 405);
    assert.equal((await closed.refused('DELETE', `${PATH}/yunet-2`)).status, 405);
    assert.deepEqual([...changes.calls, ...closed.changes.calls], []);
  });
});

describe('removing a version', () => {
  it('is for versions that were registered and that nobody uses', async (t) => {
    const { ask, changes, who } = await adminClient(t);
    const answer = await ask('DELETE', `${PATH}/yunet-2`);
    assert.deepEqual([answer.status, await answer.text()], [204, '']);
    assert.deepEqual(changes.calls, ['remove detector yunet-2']);
    assert.deepEqual(changes.audited, [
      { who, action: 'model.remove', target: 'detector', version: 'yunet-2', result: 'ok' },
    ]);
  });

  it('anything else is refused', async (t) => {
    const staged = (aliases: (typeof STAGED)['aliases']) => ({ versions: [versionRow(), { ...STAGED, aliases }] });
    for (const [versions, version, detail] of [
      [{}, 'yunet-n', /came with facepool/],
      [staged(['canary']), 'yunet-2', /it is canary/],
      [staged(['shadow']), 'yunet-2', /it is shadow/],
      [{ swap: SWAP }, 'yunet-2', /a swap uses it/],
    ] as const) {
      const { refused, changes } = await adminClient(t, { versions });
      const problem = await refused('DELETE', `${PATH}/${version}`);
      assert.deepEqual([problem.status, problem.code, problem.param], [409, 'conflict', 'version']);
      assert.match(problem.detail, detail);
      assert.deepEqual(changes.calls, []);
      assert.deepEqual(
        changes.audited.map(({ result }) => result),
        ['conflict'],
      );
    }
    const { refused } = await adminClient(t, { versions: { swap: { ...SWAP, state: 'done', ended: SWAP.started } } });
    assert.equal((await refused('DELETE', `${PATH}/nope`)).code, 'not_found');
    assert.equal((await refused('DELETE', '/v1/models/nobody/versions/yunet-2')).code, 'not_found');
    assert.equal((await refused('DELETE', `${PATH}/yunet-2?force=1`)).code, 'unknown_option');
  });
});
