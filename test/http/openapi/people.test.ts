import assert from 'node:assert/strict';
import { it } from 'node:test';
import { REFUSALS } from '../../../src/contract/people.ts';
import { peoplePaths } from '../../../src/http/openapi/people.ts';
import type { OpenApiOperation } from '../../../src/http/openapi/types.ts';

const security = [{ bearer: [] }];
const all = Object.entries(peoplePaths({ security })).flatMap(([path, { get, post, patch, delete: remove }]) =>
  [get, post, patch, remove].flatMap((operation) => (operation === undefined ? [] : [{ path, operation }])),
);
const named = (id: string): OpenApiOperation => {
  const found = all.find(({ operation }) => operation.operationId === id)?.operation;
  assert.ok(found !== undefined, id);
  return found;
};

it('every operation names the scope that it needs', () => {
  const scopes = Map.groupBy(all, ({ operation }) => /Scope `([\w:]+)`/.exec(operation.description ?? '')?.[1]);
  assert.deepEqual(
    [...scopes].map(([scope, own]) => [scope, own.length]),
    [
      ['infer', 1],
      ['people:read', 8],
      ['people:write', 7],
      ['admin', 7],
    ],
  );
  for (const { path, operation } of all) {
    const isAdmin = /Scope `admin`/.test(operation.description ?? '');
    assert.equal(operation.security === security, !isAdmin, path);
    for (const status of ['401', '403', '405', '429', '503'])
      assert.ok(operation.responses[status], `${path} ${status}`);
  }
});

it('lists are paged', () => {
  for (const id of ['collections', 'subjects', 'storedFaces']) {
    const names = (named(id).parameters ?? []).map(({ name }) => name);
    assert.ok(names.includes('limit') && names.includes('cursor'), id);
  }
});

it('enrolling tells both successes and every refusal', () => {
  const { responses, requestBody } = named('enrol');
  assert.ok(responses['200'] !== undefined && responses['201']?.headers?.['Location'] !== undefined);
  for (const code of REFUSALS) assert.ok(responses['422']?.description.includes(`\`${code}\``), code);
  const types = Object.keys(requestBody?.content ?? {});
  assert.deepEqual(types, ['multipart/form-data', 'image/*', 'application/octet-stream', 'application/json']);
});

it('an embedding stands in the place of a picture, with its own options', () => {
  for (const [id, members] of [
    ['search', ['embedding', 'top_k', 'collection', 'match_threshold', 'recognizer', 'timeout_ms']],
    ['enrol', ['embedding', 'subject', 'timeout_ms']],
  ] as const) {
    const json = named(id).requestBody?.content['application/json']?.schema as { oneOf: { properties: object }[] };
    assert.deepEqual(Object.keys(json.oneOf[1]?.properties ?? {}), members);
  }
});
