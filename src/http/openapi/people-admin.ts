/** What administrators do with all people at once, in the OpenAPI document. */
import type { ErrorCode } from '../../contract/errors.ts';
import { BACKUP_TYPE } from '../restore-upload.ts';
import { answer, KEYED_CODES, problemResponses } from './responses.ts';
import { schemaRef } from './schemas.ts';
import { NEEDS_KEY } from './security.ts';
import type { OpenApiOperation, OpenApiParameter, OpenApiPath, OpenApiResponse } from './types.ts';

const servers = [{ url: '/v1' }] as const;
const ONLY_HERE = 'Scope `admin`. Where admin.http is not set, this answers on the admin socket only.';
const CODES: readonly ErrorCode[] = [
  ...KEYED_CODES,
  'unknown_option',
  'not_found',
  'people_unavailable',
  'shutting_down',
];
const COPY_CODES: readonly ErrorCode[] = [...CODES, 'queue_full'];
const BODY_CODES: readonly ErrorCode[] = ['invalid_argument', 'payload_too_large', 'unsupported_media'];

/** @param collection the part of the path */
export function peopleAdminPaths(collection: OpenApiParameter): Record<string, OpenApiPath> {
  const bytes = { [BACKUP_TYPE]: { schema: {} } };
  return {
    '/collections/{collection}/export': {
      servers,
      get: operation(
        'exportCollection',
        'Everybody of a collection with metadata and embeddings, one JSON document per line',
        [collection],
        {
          200: {
            description: 'sorted by name; an export that is cut off was not whole',
            content: { 'application/x-ndjson': { schema: schemaRef('ExportLine') } },
          },
        },
        [...COPY_CODES, 'invalid_argument'],
      ),
    },
    '/people/backup': {
      servers,
      get: operation(
        'backupPeople',
        'A consistent copy of the whole store, made while it is used',
        [],
        { 200: { description: 'an SQLite file; as encrypted as the store is', content: bytes } },
        [...COPY_CODES, 'storage_full'],
      ),
    },
    '/people/restore': {
      servers,
      post: {
        ...operation(
          'restorePeople',
          'Puts a backup in the place of the store, when it is sound; else nothing changes',
          [],
          { 200: answer('what is in it', 'PeopleCheck') },
          [...COPY_CODES, ...BODY_CODES, 'deadline_exceeded', 'storage_full'],
        ),
        requestBody: { required: true, content: { ...bytes, 'application/octet-stream': { schema: {} } } },
      },
    },
    '/people/check': {
      servers,
      post: operation(
        'checkPeople',
        'Reads the whole store and compares the search with it',
        [],
        { 200: answer('what was found', 'PeopleCheck') },
        COPY_CODES,
      ),
    },
    '/people/reembed': {
      servers,
      get: operation(
        'reembedState',
        'How far the change to another space is',
        [],
        { 200: answer('how far', 'Reembed') },
        CODES,
      ),
      post: {
        ...operation(
          'reembed',
          'Embed everybody anew, by a version of another space; the old one serves meanwhile',
          [],
          { 202: { ...answer('begun', 'Reembed'), headers: { Location: { schema: { type: 'string' } } } } },
          [...CODES, ...BODY_CODES, 'conflict', 'deadline_exceeded', 'model_missing', 'memory_exhausted'],
        ),
        requestBody: { required: true, content: { 'application/json': { schema: schemaRef('ReembedRequest') } } },
      },
      delete: operation('cancelReembed', 'Stop it', [], { 200: answer('as it is now', 'Reembed') }, CODES),
    },
  };
}

function operation(
  operationId: string,
  summary: string,
  parameters: readonly OpenApiParameter[],
  ok: Record<string, OpenApiResponse>,
  codes: readonly ErrorCode[],
): OpenApiOperation {
  return {
    operationId,
    tags: ['people'],
    summary,
    description: ONLY_HERE,
    parameters,
    responses: { ...ok, ...problemResponses(codes) },
    security: NEEDS_KEY,
  };
}
