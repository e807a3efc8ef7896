/** Through `POST /v1/models/{m}/swap`, whose body has members of every kind. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MAX_JSON_BYTES } from '../../../src/http/body/strict-json.ts';
import { adminClient } from '../support/admin-client.ts';

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };

it('every member is known and right, and the one at fault is named', async (t) => {
  const { refused, changes } = await adminClient(t);
  const version = 'yunet-2';
  const table: [body: object, param: string, detail: RegExp][] = [
    [{}, 'version', /"version" is not allowed/],
    [{ version: 'Yunet 2' }, 'version', /small letters, digits, dots, dashes/],
    [{ version: '../etc' }, 'version', /not allowed/],
    [{ version, percnt: 5, more: 1 }, 'percnt', /not known here: "percnt", "more"/],
    [{ version, percent: 0.05 }, 'percent', /not allowed/],
    [{ version, percent: 33.33 }, 'percent', /steps of 0\.1/],
    [{ version, percent: '10' }, 'percent', /not allowed/],
    [{ version, strategy: 'yolo' }, 'strategy', /not allowed/],
    [{ version, if_generation: -1 }, 'if_generation', /not allowed/],
    [{ version, allow_gap: 1 }, 'allow_gap', /not allowed/],
    [{ version, why: 'x'.repeat(501) }, 'why', /not allowed/],
  ];
  for (const [body, param, detail] of table) {
    const problem = await refused('POST', '/v1/models/detector/swap', { body });
    assert.deepEqual([problem.status, problem.code, problem.param], [400, 'invalid_argument', param]);
    assert.match(problem.detail, detail);
  }
  assert.deepEqual(changes.calls, []);
});

it('a body that is no object, no JSON, compressed or too large is refused', async (t) => {
  const { refused, changes } = await adminClient(t);
  const table: [body: string, headers: Record<string, string>, code: string][] = [
    ['[]', JSON_TYPE, 'invalid_argument'],
    ['null', JSON_TYPE, 'invalid_argument'],
    ['"x"', JSON_TYPE, 'invalid_argument'],
    ['{"version":', JSON_TYPE, 'invalid_argument'],
    ['{"version":"yunet-2"}', { 'Content-Type': 'text/plain' }, 'unsupported_media'],
    ['version=yunet-2', { 'Content-Type': 'application/x-www-form-urlencoded' }, 'unsupported_media'],
    ['{"version":"yunet-2"}', { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, 'unsupported_media'],
    [JSON.stringify({ why: 'x'.repeat(MAX_JSON_BYTES) }), JSON_TYPE, 'payload_too_large'],
  ];
  for (const [body, headers, code] of table) {
    assert.equal((await refused('POST', '/v1/models/detector/swap', { body, headers })).code, code, body.slice(0, 30));
  }
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(MAX_JSON_BYTES)),
  });
  const problem = await refused('POST', '/v1/models/detector/swap', { body: endless, headers: JSON_TYPE });
  assert.equal(problem.code, 'payload_too_large');
  assert.deepEqual(changes.calls, []);
});
