import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERROR_CATALOGUE } from '../../../src/contract/errors.ts';
import { ROUTE_OPTIONS, type RouteName } from '../../../src/contract/options.ts';
import { OBSERVATORY_ROUTES } from '../../../src/http/observatory-options.ts';
import { openApiDocument } from '../../../src/http/openapi/document.ts';
import type { OpenApiOperation } from '../../../src/http/openapi/types.ts';

const document = openApiDocument('1.2.3');
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  [item.get, item.post, item.patch, item.delete].flatMap((operation) =>
    operation === undefined ? [] : [{ path, operation }],
  ),
);

/** Every `$ref` of a value, at any depth. */
function refs(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (key === '$ref' ? [String(item)] : refs(item)));
}

function parameterNames(operation: OpenApiOperation): string[] {
  return (operation.parameters ?? []).filter((p) => p.in === 'query').map((p) => p.name);
}

describe('the OpenAPI document', () => {
  it('has the parts that OpenAPI 3.1 asks for', () => {
    assert.equal(document.openapi, '3.1.0');
    assert.equal(document.info.version, '1.2.3');
    assert.deepEqual(
      document.servers.map((server) => server.url),
      ['/v1', '/'],
    );
    for (const { path, operation } of operations) {
      assert.match(path, /^(?:\/(?:[a-z.]+|\{[a-z]+\}))+$/);
      assert.ok(operation.summary.length > 3);
      assert.ok(operation.tags.length === 1 && document.tags.some(({ name }) => name === operation.tags[0]));
      assert.ok(
        ['200', '201', '202', '204'].some((status) => status in operation.responses),
        path,
      );
      for (const [status, response] of Object.entries(operation.responses)) {
        assert.match(status, /^[2-5]\d\d$/);
        assert.ok(response.description.length > 0);
      }
      for (const parameter of operation.parameters ?? []) {
        assert.ok(parameter.name !== '' && ['query', 'header', 'path'].includes(parameter.in));
        assert.equal(typeof parameter.schema, 'object');
        assert.equal(parameter.required, parameter.in === 'path');
      }
      const inPath = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name);
      const described = (operation.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name);
      assert.deepEqual(described, inPath, path);
    }
    const ids = operations.map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length, 'operation ids are unique');
  });

  it('resolves every reference, and uses every schema', () => {
    const names = Object.keys(document.components.schemas);
    const used = new Set(refs(document));
    for (const ref of used) assert.ok(names.includes(ref.replace('#/components/schemas/', '')), ref);
    for (const name of names) assert.ok(used.has(`#/components/schemas/${name}`), `${name} is used`);
  });

  it('leaves no dialect or id inside the schemas', () => {
    assert.doesNotMatch(JSON.stringify(document.components), /"\$schema"|"\$id"/);
  });

  for (const name of Object.keys(ROUTE_OPTIONS) as RouteName[]) {
    it(`${name} has exactly its options, in query, form and JSON`, () => {
      const path = name === 'enrol' ? '/collections/{collection}/faces' : `/${name}`;
      const operation = document.paths[path]?.post;
      assert.ok(operation !== undefined);
      assert.deepEqual(parameterNames(operation), [...ROUTE_OPTIONS[name]]);
      const pictures = name === 'verify' ? ['source_image', 'target_image'] : ['file'];
      const members = name === 'verify' ? pictures : ['image'];
      const content = operation.requestBody?.content ?? {};
      const properties = (type: string) => {
        const schema = content[type]?.schema as { properties?: object; oneOf?: { properties?: object }[] } | undefined;
        return Object.keys((schema?.oneOf?.[0] ?? schema)?.properties ?? {});
      };
      assert.deepEqual(properties('multipart/form-data'), [...pictures, ...ROUTE_OPTIONS[name]]);
      assert.deepEqual(properties('application/json'), [...members, ...ROUTE_OPTIONS[name]]);
      assert.equal('image/*' in content, name !== 'verify');
    });
  }

  it('describes options by what is allowed', () => {
    const byName = new Map(document.paths['/recognize']?.post?.parameters?.map((p) => [p.name, p]));
    assert.deepEqual(byName.get('limit')?.schema, { type: 'integer', minimum: 0, maximum: 10_000 });
    assert.deepEqual(byName.get('ood_policy')?.schema, { type: 'string', enum: ['report', 'require'] });
    assert.equal(byName.get('fields')?.explode, false);
  });

  it('names every code that reaches HTTP under its own status, and Retry-After where it is sent', () => {
    const named = new Set<string>();
    for (const { path, operation } of operations) {
      for (const [status, response] of Object.entries(operation.responses)) {
        if (response.content?.['application/problem+json'] === undefined) continue;
        for (const [, code = ''] of response.description.matchAll(/`(\w+)`/g)) {
          assert.equal(String(ERROR_CATALOGUE[code as keyof typeof ERROR_CATALOGUE].status), status, `${path} ${code}`);
          named.add(code);
        }
        assert.equal('Retry-After' in (response.headers ?? {}), status === '429' || status === '503');
      }
    }
    assert.deepEqual(
      Object.keys(ERROR_CATALOGUE).filter((code) => !named.has(code)),
      [],
    );
  });

  it('says which operations need a key, where keys are asked for', () => {
    const keyed = openApiDocument('1.2.3', true);
    assert.deepEqual(Object.keys(keyed.components.securitySchemes), ['bearer', 'apiKey']);
    const open: string[] = [];
    for (const [path, item] of Object.entries(keyed.paths)) {
      const operation = item.post ?? item.get;
      if (operation?.security === undefined) open.push(path);
      else assert.ok(operation.responses['401'] !== undefined && operation.responses['429'] !== undefined, path);
    }
    assert.deepEqual(open, ['/healthz', '/readyz', '/openapi.json', '/docs']);
    const always = operations.filter(({ operation }) => operation.security !== undefined);
    assert.ok(
      always.every(({ operation }) => ['administration', 'versions', 'people'].includes(operation.tags[0] ?? '')),
    );
    const ofPeople = always.filter(({ operation }) => operation.tags[0] === 'people');
    assert.deepEqual(
      ofPeople.map(({ operation }) => operation.operationId),
      ['exportCollection', 'backupPeople', 'restorePeople', 'checkPeople', 'reembedState', 'reembed', 'cancelReembed'],
    );
    const changing = always.filter(({ operation }) => operation.tags[0] === 'versions');
    assert.deepEqual(
      changing.map(({ operation }) => operation.operationId),
      ['registerVersion', 'removeVersion', 'swap', 'promote', 'rollback', 'reload'],
    );
    assert.equal(always.length - changing.length - ofPeople.length, 11);
  });

  it('has exactly the options of the routes that tell of the server', () => {
    for (const [route, options] of Object.entries(OBSERVATORY_ROUTES)) {
      const operation = document.paths[route]?.get;
      assert.ok(operation !== undefined, route);
      assert.deepEqual(parameterNames(operation), [...options]);
      assert.deepEqual(document.paths[route]?.servers, [{ url: '/v1' }]);
    }
    const formats = (path: string) => Object.keys(document.paths[path]?.get?.responses['200']?.content ?? {});
    assert.deepEqual(formats('/events'), ['application/json', 'text/event-stream']);
    assert.deepEqual(formats('/gpu/history'), ['application/json', 'text/csv']);
  });

  it('tells what may be left out of a body', () => {
    const schema = document.components.schemas['SwapRequest'] as { required?: string[]; properties?: object };
    assert.deepEqual(schema.required, ['version']);
    assert.deepEqual(Object.keys(schema.properties ?? {}), [
      'version',
      'strategy',
      'percent',
      'auto_rollback',
      'allow_evict',
      'allow_gap',
      'if_generation',
      'why',
    ]);
  });

  it('is the same every time', () => {
    assert.equal(JSON.stringify(openApiDocument('1.2.3')), JSON.stringify(document));
  });
});
