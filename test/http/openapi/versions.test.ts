import assert from 'node:assert/strict';
import { it } from 'node:test';
import { versionPaths } from '../../../src/http/openapi/versions.ts';
import type { OpenApiOperation } from '../../../src/http/openapi/types.ts';

const security = [{ bearer: [] }];
const all = Object.entries(versionPaths({ security })).flatMap(([path, { get, post, delete: remove }]) =>
  [get, post, remove].flatMap((operation) => (operation === undefined ? [] : [{ path, operation }])),
);
const named = (id: string): OpenApiOperation => {
  const found = all.find(({ operation }) => operation.operationId === id)?.operation;
  assert.ok(found !== undefined, id);
  return found;
};

it('reading needs what the others need, changing a key, always', () => {
  for (const { path, operation } of all) {
    const reads = ['versions', 'version', 'swaps', 'swapState'].includes(operation.operationId);
    assert.equal(operation.security === security, reads, path);
    assert.equal(/admin socket/.test(operation.description ?? ''), !reads, path);
    for (const status of ['401', '403', '404']) assert.ok(operation.responses[status] !== undefined, path);
  }
});

it('says what a swap can be refused for', () => {
  const { responses, requestBody } = named('swap');
  assert.match(responses['409']?.description ?? '', /`swap_in_progress`.*`space_mismatch`/);
  assert.ok(responses['202']?.headers?.['Location'] !== undefined);
  assert.equal(requestBody?.required, true);
  for (const id of ['promote', 'rollback', 'reload']) assert.equal(named(id).requestBody?.required, false, id);
});

it('a version comes as a form or as JSON, and is 201', () => {
  const { responses, requestBody } = named('registerVersion');
  assert.deepEqual(Object.keys(requestBody?.content ?? {}), ['multipart/form-data', 'application/json']);
  assert.ok(responses['201']?.headers?.['Location'] !== undefined);
  assert.match(responses['507']?.description ?? '', /`storage_full`/);
  assert.match(responses['429']?.description ?? '', /`queue_full`/);
});

it('watching a swap may find no place, and a reload may be refused for what it swaps', () => {
  assert.match(named('swapState').responses['429']?.description ?? '', /`queue_full`/);
  assert.match(named('reload').responses['503']?.description ?? '', /`memory_exhausted`/);
});
