import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createAdminRouter } from '../../../src/admin/router.ts';
import { adminPaths } from '../../../src/http/openapi/admin.ts';
import { fakeObservatory } from '../support/observatory.ts';
import { control } from '../support/server.ts';

const described = Object.entries(adminPaths()).flatMap(([path, item]) => [
  ...(item.get === undefined ? [] : [{ method: 'get', path, operation: item.get }]),
  ...(item.post === undefined ? [] : [{ method: 'post', path, operation: item.post }]),
]);

it('describes exactly the routes that the admin router has', () => {
  const router = createAdminRouter(control, { audit: { record: () => undefined }, observatory: fakeObservatory() });
  const real = router.stack.flatMap(({ route }) => {
    const methods = new Set(route?.stack.map((layer) => layer.method).filter((method) => method !== undefined));
    return [...methods].map((method) => `${method} ${route?.path}`);
  });
  const told = described.map(({ method, path }) => {
    return `${method} /v1${path.replace('{model}', ':name').replaceAll(/\{(\w+)\}/g, ':$1')}`;
  });
  // Of the list of models the document tells among the routes for everybody.
  assert.deepEqual(told.sort(), real.filter((route) => route !== 'get /v1/models').sort());
});

it('says that they need a key, and where they are not', () => {
  for (const { path, operation } of described) {
    assert.ok((operation.security ?? []).length > 0, path);
    assert.match(operation.description ?? '', /admin socket/);
    assert.ok(operation.responses['401'] !== undefined && operation.responses['403'] !== undefined, path);
  }
});

it('says that what takes a while answers at once, with the place to look', () => {
  const early = described.filter(({ operation }) => operation.responses['202'] !== undefined);
  assert.deepEqual(
    early.map(({ path }) => path.split('/').at(-1)),
    ['load', 'unload', 'restart', 'stop', 'start'],
  );
  for (const { operation } of early) assert.ok(operation.responses['202']?.headers?.['Location'] !== undefined);
});
