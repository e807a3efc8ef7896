import assert from 'node:assert/strict';
import { it } from 'node:test';
import { peopleAdminPaths } from '../../../src/http/openapi/people-admin.ts';

const collection = { name: 'collection', in: 'path', required: true, schema: { type: 'string' } } as const;
const paths = peopleAdminPaths(collection);

it('says where these addresses are, and that they need a key', () => {
  for (const [path, { get, post, delete: remove }] of Object.entries(paths)) {
    for (const operation of [get, post, remove]) {
      if (operation === undefined) continue;
      assert.match(operation.description ?? '', /Scope `admin`.*admin socket only/, path);
      assert.ok((operation.security ?? []).length > 0, path);
    }
  }
});

it('files are what they are', () => {
  const types = (path: string) => Object.keys(paths[path]?.get?.responses['200']?.content ?? {});
  assert.deepEqual(types('/people/backup'), ['application/vnd.sqlite3']);
  assert.deepEqual(types('/collections/{collection}/export'), ['application/x-ndjson']);
  assert.deepEqual(Object.keys(paths['/people/restore']?.post?.requestBody?.content ?? {}), [
    'application/vnd.sqlite3',
    'application/octet-stream',
  ]);
  assert.ok(paths['/people/reembed']?.post?.responses['202']?.headers?.['Location'] !== undefined);
});
