/** Through `POST /v1/models/{m}/versions`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { problemSchema } from '../../src/contract/results.ts';
import type { StageOptions } from '../../src/contract/staging.ts';
import { adminClient } from './support/admin-client.ts';
import { STAGED } from './support/changes.ts';
import { until } from './support/server.ts';

const PATH = '/v1/models/detector/versions';

function form(): FormData {
  const made = new FormData();
  made.append('version', 'yunet-2');
  made.append('manifest', 'schema: 1');
  made.append('files', new Blob(['weights']), 'a.onnx');
  return made;
}

describe('the steps of a registration', () => {
  const events = (text: string): [string, unknown][] =>
    [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, type = '', data = '']) => [type, JSON.parse(data)]);
  const headers = { Accept: 'text/event-stream' };

  it('are sent as they come, and then the version', async (t) => {
    const check = async ({ onStep }: StageOptions) => {
      onStep({ step: 'inspect', ms: null, detail: '' });
      onStep({ step: 'inspect', ms: 3, detail: '12 nodes' });
    };
    const { ask } = await adminClient(t, { check });
    const answer = await ask('POST', PATH, { body: form(), headers });
    assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    assert.deepEqual(events(await answer.text()), [
      ['step', { step: 'receive', ms: null, detail: '' }],
      ['step', { step: 'receive', ms: 12, detail: '' }],
      ['step', { step: 'inspect', ms: null, detail: '' }],
      ['step', { step: 'inspect', ms: 3, detail: '12 nodes' }],
      ['version', STAGED],
    ]);
  });

  it('end with the problem where a check fails; before that it is a plain answer', async (t) => {
    const check = () => Promise.reject(new FacepoolError('model_failed', 'no sound model', { param: 'a.onnx' }));
    const { ask, server, changes } = await adminClient(t, { check });
    const late = events(await (await ask('POST', PATH, { body: form(), headers })).text());
    const [type, data] = late.at(-1) ?? [];
    assert.equal(type, 'problem');
    const problem = problemSchema.parse(data);
    assert.deepEqual([problem.status, problem.code, problem.param], [502, 'model_failed', 'a.onnx']);
    assert.deepEqual(
      changes.audited.map(({ result }) => result),
      ['model_failed'],
    );
    await until(() => server.logLines.some((line) => line['code'] === 'model_failed'));
    const early = await ask('POST', '/v1/models/nobody/versions', { body: form(), headers });
    assert.deepEqual([early.status, problemSchema.parse(await early.json()).code], [404, 'not_found']);
  });

  it('tell nothing of what is our fault, and the log all of it', async (t) => {
    const check = () => Promise.reject(new Error('/secret/path'));
    const { ask, server } = await adminClient(t, { check });
    const text = await (await ask('POST', PATH, { body: form(), headers })).text();
    assert.match(text, /"code":"internal"/);
    assert.doesNotMatch(text, /secret/);
    assert.match(JSON.stringify(server.logLines), /secret/);
  });
});
