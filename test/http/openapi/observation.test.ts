import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EVENT_TYPES } from '../../../src/contract/history.ts';
import { OBSERVATORY_ROUTES } from '../../../src/http/observatory-options.ts';
import { observationPaths } from '../../../src/http/openapi/observation.ts';

const paths = observationPaths({});
const parameters = (path: string) => new Map(paths[path]?.get?.parameters?.map((p) => [p.name, p]));

it('describes every route, under /v1 alone', () => {
  assert.deepEqual(Object.keys(paths), Object.keys(OBSERVATORY_ROUTES));
  for (const item of Object.values(paths)) assert.deepEqual(item.servers, [{ url: '/v1' }]);
});

it('says of each option what may be written', () => {
  assert.deepEqual(parameters('/events').get('types')?.schema, {
    type: 'array',
    items: { type: 'string', enum: EVENT_TYPES },
  });
  assert.equal(parameters('/events').get('types')?.explode, false);
  assert.deepEqual(parameters('/events').get('format')?.schema, {
    type: 'string',
    enum: ['sse', 'json'],
    default: 'sse',
  });
  assert.deepEqual(parameters('/gpu/history').get('format')?.schema, {
    type: 'string',
    enum: ['json', 'csv'],
    default: 'json',
  });
  assert.match(parameters('/history').get('from')?.description ?? '', /-15m/);
});

it('passes on what the operations need', () => {
  const security = [{ bearer: [] }];
  for (const item of Object.values(observationPaths({ security }))) assert.equal(item.get?.security, security);
});
