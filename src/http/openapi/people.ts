/** Collections, subjects, faces and the search in the OpenAPI document. */
import type { ErrorCode } from '../../contract/errors.ts';
import { DEFAULT_COLLECTION, REFUSALS } from '../../contract/people.ts';
import { ONE_PICTURE } from '../body/slots.ts';
import { EMBEDDING_MEMBER } from '../embedding-body.ts';
import { EMBEDDING_ENROL_OPTIONS } from '../enrol.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../paging.ts';
import { EMBEDDING_SEARCH_OPTIONS } from '../routes/search.ts';
import { peopleAdminPaths } from './people-admin.ts';
import { PICTURE_CODES, pictureBody, pictureParameters } from './pictures.ts';
import { answer, KEYED_CODES, problemResponses } from './responses.ts';
import { type SchemaName, schemaRef } from './schemas.ts';
import type { OpenApiOperation, OpenApiParameter, OpenApiPath, OpenApiResponse } from './types.ts';

const servers = [{ url: '/v1' }] as const;
const string = { schema: { type: 'string' } };
const LOCATION = { Location: string };
const ETAG = { ETag: string };
const READ_CODES: readonly ErrorCode[] = [
  ...KEYED_CODES,
  'invalid_argument',
  'unknown_option',
  'not_found',
  'people_unavailable',
  'deadline_exceeded',
];
const CHANGE_CODES: readonly ErrorCode[] = [...READ_CODES, 'shutting_down', 'storage_full'];
const BODY_CODES: readonly ErrorCode[] = [...CHANGE_CODES, 'conflict', 'payload_too_large', 'unsupported_media'];

const collection = inPath('collection', `\`${DEFAULT_COLLECTION}\` is there without being made`, {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
});
const ifMatch: OpenApiParameter = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'ETag of the subject: refused with 409 when it was changed meanwhile',
  schema: { type: 'string' },
};
const subject = inPath('subject', 'a name, percent-encoded as UTF-8; also its slashes', {
  type: 'string',
  minLength: 1,
  maxLength: 200,
});
const id = inPath('id', 'id of a face', { type: 'string' });
const paging: readonly OpenApiParameter[] = [
  inQuery('limit', 'most of a page', { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  inQuery('cursor', 'next_cursor of the page before', { type: 'string' }),
];

/** @param security what these routes need where keys are asked for */
export function peoplePaths(security: Pick<OpenApiOperation, 'security'>): Record<string, OpenApiPath> {
  const operation = (
    operationId: string,
    summary: string,
    scope: 'people:read' | 'people:write',
    parameters: readonly OpenApiParameter[],
    responses: Record<string, OpenApiResponse>,
    codes: readonly ErrorCode[] = scope === 'people:read' ? READ_CODES : CHANGE_CODES,
  ): OpenApiOperation => ({
    operationId,
    tags: ['people'],
    summary,
    description: `Scope \`${scope}\`.`,
    parameters,
    responses: { ...responses, ...problemResponses(codes) },
    ...security,
  });
  const read = (
    operationId: string,
    summary: string,
    parameters: readonly OpenApiParameter[],
    ok: OpenApiResponse,
  ): OpenApiOperation => operation(operationId, summary, 'people:read', parameters, { 200: ok });
  return {
    '/search': { post: { ...search(), ...security } },
    '/people': {
      servers,
      get: operation('people', 'Can people be asked for, and how many are there?', 'people:read', [], {
        200: answer('the state', 'PeopleStatus'),
      }),
    },
    '/collections': {
      servers,
      get: read('collections', 'Collections, by name', paging, answer('a page', 'CollectionsAnswer')),
      post: withBody(
        operation('createCollection', 'Make a collection', 'people:write', [], made('Collection'), BODY_CODES),
        'CreateCollection',
      ),
    },
    '/collections/{collection}': {
      servers,
      get: read('collection', 'One collection', [collection], answer('the collection', 'Collection')),
      delete: operation(
        'deleteCollection',
        'Delete a collection with everybody in it; no trace is left',
        'people:write',
        [collection],
        {
          204: { description: 'it is gone, without a trace' },
          202: {
            ...answer('nobody in it is known any more; GET /v1/people counts it until the disk is erased', 'Erasing'),
            headers: LOCATION,
          },
        },
      ),
    },
    '/collections/{collection}/subjects': {
      servers,
      get: read(
        'subjects',
        'Subjects, by name',
        [collection, ...paging, inQuery('find', 'a part of the name, whatever its case', { type: 'string' })],
        answer('a page', 'SubjectsAnswer'),
      ),
      post: withBody(
        operation(
          'createSubject',
          'Make a subject without a face',
          'people:write',
          [collection],
          made('Subject'),
          BODY_CODES,
        ),
        'CreateSubject',
      ),
    },
    '/collections/{collection}/subjects/{subject}': {
      servers,
      get: read('subject', 'One subject', [collection, subject], {
        ...answer('the subject; ETag is the state that it is in', 'Subject'),
        headers: ETAG,
      }),
      patch: withBody(
        operation(
          'changeSubject',
          'Rename a subject, make two one, or give it other metadata',
          'people:write',
          [collection, subject, ifMatch],
          { 200: { ...answer('the subject as it is now', 'Subject'), headers: { ...LOCATION, ...ETAG } } },
          BODY_CODES,
        ),
        'ChangeSubject',
      ),
      delete: operation(
        'deleteSubject',
        'Delete a subject with its faces; no trace is left',
        'people:write',
        [collection, subject, ifMatch],
        { 200: answer('the subject as it was', 'Subject') },
        [...CHANGE_CODES, 'conflict'],
      ),
    },
    '/collections/{collection}/faces': {
      servers,
      get: read(
        'storedFaces',
        'Enrolled faces, by age',
        [collection, ...paging, inQuery('subject', 'of this one only', { type: 'string' })],
        answer('a page', 'FacesList'),
      ),
      post: { ...enrol(), ...security },
    },
    '/collections/{collection}/faces/{id}': {
      servers,
      get: read('storedFace', 'One enrolled face', [collection, id], answer('the face', 'StoredFace')),
      delete: operation('deleteFace', 'Delete one face; its subject stays', 'people:write', [collection, id], {
        200: answer('the face as it was', 'StoredFace'),
      }),
    },
    '/collections/{collection}/faces/{id}/image': {
      servers,
      get: operation(
        'faceImage',
        'The picture that is kept of a face (people.store_images)',
        'people:read',
        [
          collection,
          id,
          inQuery('what', 'crop: the face with its surroundings; original: the upload as it came', {
            type: 'string',
            enum: ['crop', 'original'],
            default: 'crop',
          }),
        ],
        { 200: { description: 'the picture', content: { 'image/*': { schema: {} } } } },
        [...READ_CODES, 'queue_full'],
      ),
    },
    ...peopleAdminPaths(collection),
  };
}

function search(): OpenApiOperation {
  const embedding = {
    member: EMBEDDING_MEMBER,
    schema: schemaRef('EmbeddingInput'),
    options: EMBEDDING_SEARCH_OPTIONS,
  };
  return {
    operationId: 'search',
    tags: ['people'],
    summary: 'Who is it? By the largest face of a picture, or by an embedding',
    description:
      'Scope `infer`. Of a bare embedding no trust can be told: its `match` says only that the cosine reaches the threshold.',
    parameters: pictureParameters('search'),
    requestBody: pictureBody('search', ONE_PICTURE, embedding),
    responses: {
      200: answer('the nearest subjects, best first', 'SearchAnswer'),
      ...problemResponses([
        ...PICTURE_CODES,
        'no_face',
        'too_many_faces',
        'ood_rejected',
        'spoof_detected',
        'not_found',
        'space_mismatch',
        'people_unavailable',
      ]),
    },
  };
}

function enrol(): OpenApiOperation {
  const embedding = {
    member: EMBEDDING_MEMBER,
    schema: schemaRef('EmbeddingInput'),
    options: EMBEDDING_ENROL_OPTIONS,
  };
  return {
    operationId: 'enrol',
    tags: ['people'],
    summary: 'Enrol a face of a subject, by a picture; administrators also by an embedding',
    description:
      'Scope `people:write`; an embedding needs `admin`, and `admin.http`. The option `subject` is needed; who there is not ' +
      'is made. A picture that is refused names every reason in `reasons`.',
    parameters: [collection, ...pictureParameters('enrol')],
    requestBody: pictureBody('enrol', ONE_PICTURE, embedding),
    responses: {
      200: answer('this picture of this subject was enrolled before', 'EnrolAnswer'),
      201: { ...answer('the face is kept, and will be found', 'EnrolAnswer'), headers: LOCATION },
      ...problemResponses([
        ...PICTURE_CODES,
        ...REFUSALS,
        'not_found',
        'conflict',
        'space_mismatch',
        'people_unavailable',
        'storage_full',
      ]),
    },
  };
}

function made(schema: SchemaName): Record<string, OpenApiResponse> {
  return { 201: { ...answer('made', schema), headers: LOCATION } };
}

function withBody(operation: OpenApiOperation, schema: SchemaName): OpenApiOperation {
  const content = { 'application/json': { schema: schemaRef(schema) } };
  return { ...operation, requestBody: { required: true, content } };
}

function inPath(name: string, description: string, schema: object): OpenApiParameter {
  return { name, in: 'path', required: true, description, schema };
}

function inQuery(name: string, description: string, schema: object): OpenApiParameter {
  return { name, in: 'query', required: false, description, schema };
}
