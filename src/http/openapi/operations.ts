/** Health, metrics, documents and models in the OpenAPI document. */
import { answer, KEYED_CODES, OPERATION_CODES, problemResponses, textAnswer } from './responses.ts';
import type { OpenApiOperation, OpenApiPath, OpenApiResponse } from './types.ts';

const tags = ['operations'] as const;

/** @param security what the operations that are not open to all need */
export function operationPaths(security: Pick<OpenApiOperation, 'security'>): Record<string, OpenApiPath> {
  const get = (operationId: string, summary: string, ok: OpenApiResponse, more = {}): OpenApiPath => ({
    get: { operationId, tags, summary, responses: { 200: ok, ...problemResponses(OPERATION_CODES), ...more } },
  });
  const keyed = (operationId: string, summary: string, ok: OpenApiResponse): OpenApiPath => ({
    get: { operationId, tags, summary, responses: { 200: ok, ...problemResponses(KEYED_CODES) }, ...security },
  });
  return {
    '/healthz': get('healthz', 'Does the process answer?', answer('it does', 'Health')),
    '/readyz': get(
      'readyz',
      'Has every resident model answered a real inference?',
      answer('every check passed', 'Ready'),
      { 503: answer('at least one check failed, or the server is stopping', 'Ready') },
    ),
    '/metrics': keyed('metrics', 'Metrics for Prometheus', textAnswer('text/plain', 'the text exposition format')),
    '/openapi.json': get('openapi', 'This document', {
      description: 'OpenAPI 3.1',
      content: { 'application/json': { schema: { type: 'object' } } },
    }),
    '/docs': get('docs', 'This document as a page', textAnswer('text/html', 'a page without outside resources')),
    '/models': {
      servers: [{ url: '/v1' }],
      ...keyed('models', 'Every process: state, version, memory, licence', answer('imaging first', 'ModelsAnswer')),
    },
  };
}
