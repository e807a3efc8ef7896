import assert from 'node:assert/strict';
import { it } from 'node:test';
import { docsPage } from '../../../src/http/openapi/docs-page.ts';
import { openApiDocument } from '../../../src/http/openapi/document.ts';

const document = openApiDocument('1.2.3');
const page = docsPage(document);

it('shows every operation once, in the group it belongs to', () => {
  const order: string[] = [];
  for (const [, group, method, path] of page.matchAll(/<h2>(\w+)<\/h2>|<h3><code>(\w+) \/v1([^<]+)</g)) {
    order.push(group ?? `${method} ${path}`);
  }
  const expected = document.tags.flatMap(({ name }) => [
    name,
    ...Object.entries(document.paths).flatMap(([path, { get, post, patch, delete: remove }]) => [
      ...(get?.tags.includes(name) === true ? [`GET ${path}`] : []),
      ...(post?.tags.includes(name) === true ? [`POST ${path}`] : []),
      ...(patch?.tags.includes(name) === true ? [`PATCH ${path}`] : []),
      ...(remove?.tags.includes(name) === true ? [`DELETE ${path}`] : []),
    ]),
  ]);
  assert.deepEqual(order, [...expected, 'shapes']);
  assert.ok(order.length > 30);
});

it('escapes what it shows', () => {
  const [path = ''] = Object.keys(document.paths);
  const get = { operationId: 'x', tags: ['faces'] as const, summary: '<script>', responses: {} };
  const html = docsPage({ ...document, paths: { [path]: { get } } });
  assert.doesNotMatch(html, /<script>/);
  assert.match(html, /&lt;script&gt;/);
});
