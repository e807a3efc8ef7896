/** Answers of the document's operations. */
import { ERROR_CATALOGUE, type ErrorCode } from '../../contract/errors.ts';
import { type SchemaName, schemaRef } from './schemas.ts';
import type { OpenApiResponse } from './types.ts';

/** Codes that every operation can answer. */
export const OPERATION_CODES: readonly ErrorCode[] = ['forbidden', 'method_not_allowed', 'internal'];
/** Of operations that need a key where keys are asked for. */
export const KEYED_CODES: readonly ErrorCode[] = ['unauthorized', ...OPERATION_CODES, 'rate_limited'];

/** A JSON answer of a named schema. */
export function answer(description: string, schema: SchemaName): OpenApiResponse {
  return {
    description,
    headers: { 'X-Request-Id': { schema: { type: 'string' } } },
    content: { 'application/json': { schema: schemaRef(schema) } },
  };
}

/** One response per status, with the codes it can carry. */
export function problemResponses(codes: readonly ErrorCode[]): Record<string, OpenApiResponse> {
  const byStatus = Map.groupBy(codes, (code) => ERROR_CATALOGUE[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, own]) => [
      String(status),
      {
        description: own.map((code) => `\`${code}\`: ${ERROR_CATALOGUE[code].title}`).join('; '),
        ...(status === 429 || status === 503
          ? { headers: { 'Retry-After': { schema: { type: 'integer', minimum: 1 }, description: 'seconds' } } }
          : {}),
        content: { 'application/problem+json': { schema: schemaRef('Problem') } },
      },
    ]),
  );
}

/** A text of some type. */
export function textAnswer(type: string, description: string): OpenApiResponse {
  return { description, content: { [type]: { schema: { type: 'string' } } } };
}
