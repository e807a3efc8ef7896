import assert from 'node:assert/strict';
import { it } from 'node:test';
import { componentSchemas, schemaRef } from '../../../src/http/openapi/schemas.ts';

const schemas = componentSchemas() as Record<string, { type?: string; properties?: Record<string, object> }>;

it('has every answer by its name, nested ones as references', () => {
  for (const name of ['GpuAnswer', 'HistoryAnswer', 'EventsAnswer', 'AlertsAnswer', 'InsightAnswer', 'FacesAnswer']) {
    assert.equal(schemas[name]?.type, 'object', name);
  }
  assert.deepEqual(schemas['EventsAnswer']?.properties?.['events'], {
    type: 'array',
    items: schemaRef('StoredEvent'),
  });
});

it('names every code of an error', () => {
  const code = schemas['Problem']?.properties?.['code'] as { enum?: string[] } | undefined;
  assert.ok(code?.enum?.includes('poison_input'));
});
