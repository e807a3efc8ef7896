/** Versions, swaps and the configuration in the OpenAPI document. */
import type { ErrorCode } from '../../contract/errors.ts';
import { answer, KEYED_CODES, problemResponses } from './responses.ts';
import { type SchemaName, schemaRef } from './schemas.ts';
import { NEEDS_KEY } from './security.ts';
import type { OpenApiBody, OpenApiOperation, OpenApiParameter, OpenApiPath, OpenApiResponse } from './types.ts';

const servers = [{ url: '/v1' }] as const;
const ONLY_HERE = 'Where admin.http is not set, this answers on the admin socket only.';
const string = { schema: { type: 'string' } };
const READ_CODES: readonly ErrorCode[] = [...KEYED_CODES, 'unknown_option', 'not_found'];
/** Of whatever takes a body and changes something. */
const CHANGE_CODES: readonly ErrorCode[] = [
  ...READ_CODES,
  'invalid_argument',
  'payload_too_large',
  'unsupported_media',
  'shutting_down',
  'deadline_exceeded',
];
const SWAP_CODES: readonly ErrorCode[] = [
  ...CHANGE_CODES,
  'conflict',
  'swap_in_progress',
  'space_mismatch',
  'model_missing',
  'model_failed',
  'memory_exhausted',
  'storage_full',
];

const model = inPath('model', 'name of a model');
const wait: OpenApiParameter = {
  name: 'wait',
  in: 'query',
  required: false,
  description: 'true: answers when the swap is over, or live; look at its state',
  schema: { type: 'boolean', default: false },
};
const ifMatch: OpenApiParameter = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'ETag of the versions: refused with 409 when somebody changed the aliases meanwhile; as if_generation',
  schema: { type: 'string' },
};

/** @param security what reading needs */
export function versionPaths(security: Pick<OpenApiOperation, 'security'>): Record<string, OpenApiPath> {
  const read = (
    operationId: string,
    summary: string,
    ok: OpenApiResponse,
    parameters: readonly OpenApiParameter[],
    more: Pick<OpenApiOperation, 'description'> & { readonly codes?: readonly ErrorCode[] } = {},
  ): OpenApiOperation => {
    const { codes = [], ...described } = more;
    const responses = { 200: ok, ...problemResponses([...READ_CODES, ...codes]) };
    return { operationId, tags: ['versions'], summary, ...described, parameters, responses, ...security };
  };
  return {
    '/models/{model}/versions': {
      servers,
      get: read(
        'versions',
        'Its versions, their aliases, figures and history',
        withHeader(answer('ETag is the generation of the aliases', 'VersionsAnswer'), 'ETag'),
        [model],
      ),
      post: registration(),
    },
    '/models/{model}/versions/{version}': {
      servers,
      get: read('version', 'One version', answer('the version', 'Version'), [
        model,
        inPath('version', 'name of a version'),
      ]),
      delete: change(
        'removeVersion',
        'Remove a version that was registered and has no alias',
        [model, inPath('version', 'name of a version')],
        { 204: { description: 'it is gone' } },
        [...READ_CODES, 'conflict', 'shutting_down'],
      ),
    },
    '/models/{model}/swap': {
      servers,
      post: {
        ...change(
          'swap',
          'Another version for all of its traffic, or for a share of it',
          [model, wait, ifMatch],
          begun(),
          SWAP_CODES,
        ),
        requestBody: json('SwapRequest', true),
      },
    },
    '/models/{model}/promote': { servers, post: move('promote', 'The canary or shadow becomes stable') },
    '/models/{model}/rollback': {
      servers,
      post: move('rollback', 'Away with canary or shadow, or back to the version before; ends a swap that runs'),
    },
    '/swaps': {
      servers,
      get: read('swaps', 'The last swaps', answer('newest first', 'SwapsAnswer'), [
        { name: 'model', in: 'query', required: false, description: 'only of this model', schema: { type: 'string' } },
      ]),
    },
    '/swaps/{id}': {
      servers,
      get: read(
        'swapState',
        'One swap, step by step',
        steps(answer('as it is now', 'Swap'), 'Swap'),
        [inPath('id', 'id of a swap')],
        {
          description:
            'With Accept: text/event-stream, server-sent events: the swap again after every change, until it has ended.',
          codes: ['queue_full', 'shutting_down'],
        },
      ),
    },
    '/reload': {
      servers,
      post: {
        ...change(
          'reload',
          'Read the configuration again, and apply what differs',
          [],
          { 200: answer('what differs, and what came of it', 'ReloadAnswer') },
          SWAP_CODES,
        ),
        requestBody: json('ReloadRequest', false),
      },
    },
  };
}

function inPath(name: string, description: string): OpenApiParameter {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

function change(
  operationId: string,
  summary: string,
  parameters: readonly OpenApiParameter[],
  good: Readonly<Record<string, OpenApiResponse>>,
  codes: readonly ErrorCode[],
): OpenApiOperation {
  const responses = { ...good, ...problemResponses(codes) };
  return {
    operationId,
    tags: ['versions'],
    summary,
    description: ONLY_HERE,
    parameters,
    responses,
    security: NEEDS_KEY,
  };
}

function move(operationId: string, summary: string): OpenApiOperation {
  return {
    ...change(operationId, summary, [model, wait, ifMatch], begun(), SWAP_CODES),
    requestBody: json('MoveRequest', false),
  };
}

function registration(): OpenApiOperation {
  const binary = { type: 'array', items: { type: 'string', contentMediaType: 'application/octet-stream' } };
  const form = {
    type: 'object',
    description: 'version and manifest come before the files, whose names are those in the manifest',
    properties: {
      version: { type: 'string' },
      manifest: { type: 'string', description: 'manifest.yaml, as a text or as a file' },
      files: { ...binary, description: 'weights; golden tensors and licence texts may be here too' },
      licence: binary,
      golden: {
        type: 'string',
        contentMediaType: 'application/octet-stream',
        description: 'made by the server where there is none',
      },
    },
    required: ['version', 'manifest', 'files', 'licence'],
    additionalProperties: false,
  };
  const codes: readonly ErrorCode[] = [
    ...CHANGE_CODES,
    'conflict',
    'queue_full',
    'model_failed',
    'memory_exhausted',
    'storage_full',
  ];
  const created = steps(
    withHeader(answer('registered; no traffic goes to it', 'Version'), 'Location'),
    'StageProgress',
  );
  return {
    ...change(
      'registerVersion',
      'Register a version: checked, tried and proven, and used by nobody',
      [model],
      { 201: created },
      codes,
    ),
    description: `With Accept: text/event-stream, server-sent events: step, and version or problem at the end. ${ONLY_HERE}`,
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': { schema: form },
        'application/json': { schema: schemaRef('StageRequest') },
      },
    },
  };
}

function begun(): Record<string, OpenApiResponse> {
  const swap = (description: string): OpenApiResponse => withHeader(answer(description, 'Swap'), 'Location');
  return { 200: swap('over, or live'), 202: swap('it goes on; Location says where to look') };
}

function withHeader(response: OpenApiResponse, name: string): OpenApiResponse {
  return { ...response, headers: { ...response.headers, [name]: string } };
}

function steps(response: OpenApiResponse, schema: SchemaName): OpenApiResponse {
  return { ...response, content: { ...response.content, 'text/event-stream': { schema: schemaRef(schema) } } };
}

function json(schema: SchemaName, required: boolean): OpenApiBody {
  return { required, content: { 'application/json': { schema: schemaRef(schema) } } };
}
