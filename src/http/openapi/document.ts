/** The OpenAPI 3.1 document: routes, options, answers and errors, from the schemas that the server itself uses. */
import { ERROR_CATALOGUE, type ErrorCode } from '../../contract/errors.ts';
import { type OptionName, ROUTE_OPTIONS, type RouteName } from '../../contract/options.ts';
import { ONE_PICTURE, type PictureSlot, TWO_PICTURES } from '../body/slots.ts';
import { optionJsonSchema } from '../options.ts';
import { componentSchemas, type SchemaName, schemaRef } from './schemas.ts';

export type OpenApiOperation = {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly OpenApiParameter[];
  readonly requestBody?: OpenApiBody;
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
  /** One of these is needed; absent = none. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
};
export type OpenApiParameter = {
  readonly name: string;
  readonly in: 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: object;
  readonly style?: 'form';
  readonly explode?: boolean;
};
type OpenApiBody = { readonly required: true; readonly content: Readonly<Record<string, { readonly schema: object }>> };
export type OpenApiResponse = {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
};
export type OpenApiPath = {
  readonly servers?: readonly { readonly url: string }[];
  readonly get?: OpenApiOperation;
  readonly post?: OpenApiOperation;
};
export type OpenApiDocument = {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, OpenApiPath>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly securitySchemes: typeof SECURITY_SCHEMES;
  };
};

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'an API key; the pictures’ routes need its scope `infer`' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'the same key, where Bearer is not at hand' },
} as const;
const NEEDS_KEY = [{ bearer: [] }, { apiKey: [] }];

type RouteText = { readonly summary: string; readonly description: string; readonly extra: readonly ErrorCode[] };

const ROUTE_TEXTS: Readonly<Record<RouteName, RouteText>> = {
  detect: { summary: 'Find faces', description: 'No face is 200 with an empty list.', extra: [] },
  recognize: {
    summary: 'Find faces and say who they are',
    description: 'A face whose OOD score is not accepted, or that is a spoof, never has an identity.',
    extra: ['too_many_faces', 'ood_rejected', 'spoof_detected'],
  },
  verify: {
    summary: 'Are two pictures of the same person?',
    description: 'Compares the largest face of each picture.',
    extra: ['no_face', 'too_many_faces', 'space_mismatch', 'ood_rejected', 'spoof_detected'],
  },
  liveness: { summary: 'Is a living person in front of the camera?', description: 'Marks every face.', extra: [] },
  embed: {
    summary: 'Vectors of faces',
    description: 'Every face with its embedding and its OOD score. Embeddings of different spaces are not comparable.',
    extra: [],
  },
};

/** Codes that any route with pictures can answer. */
const PICTURE_CODES: readonly ErrorCode[] = [
  'invalid_argument',
  'missing_image',
  'unknown_option',
  'unauthorized',
  'forbidden',
  'method_not_allowed',
  'payload_too_large',
  'unsupported_media',
  'image_undecodable',
  'too_many_pixels',
  'poison_input',
  'queue_full',
  'rate_limited',
  'internal',
  'model_failed',
  'model_missing',
  'model_stopped',
  'model_loading',
  'memory_exhausted',
  'shutting_down',
  'deadline_exceeded',
];
const OPERATION_CODES: readonly ErrorCode[] = ['forbidden', 'method_not_allowed', 'internal'];
/** Of operations that need a key where keys are asked for. */
const KEYED_CODES: readonly ErrorCode[] = ['unauthorized', ...OPERATION_CODES, 'rate_limited'];

/**
 * The document for one version of the server.
 * @param keysNeeded requests need an API key
 */
export function openApiDocument(version: string, keysNeeded = false): OpenApiDocument {
  const security = keysNeeded ? { security: NEEDS_KEY } : {};
  const paths: Record<string, OpenApiPath> = {};
  for (const name of Object.keys(ROUTE_OPTIONS) as RouteName[]) {
    paths[`/${name}`] = { post: { ...pictureOperation(name), ...security } };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'facepool',
      version,
      description:
        'Faces in photographs: detection, recognition with refusal of what is not a usable face, liveness. ' +
        'Coordinates are pixels of the upright picture. Errors are problem documents (RFC 9457).',
    },
    servers: [
      { url: '/v1', description: 'this version of the API' },
      { url: '/', description: 'the same routes, without a version' },
    ],
    paths: { ...paths, ...operationPaths(security) },
    components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
  };
}

function pictureOperation(name: RouteName): OpenApiOperation {
  const { summary, description, extra } = ROUTE_TEXTS[name];
  const slots = name === 'verify' ? TWO_PICTURES : ONE_PICTURE;
  return {
    operationId: name,
    summary,
    description,
    parameters: [...ROUTE_OPTIONS[name].map(optionParameter), requestIdParameter],
    requestBody: pictureBody(name, slots),
    responses: {
      200: answer('the answer', name === 'verify' ? 'VerifyAnswer' : 'FacesAnswer'),
      ...problemResponses([...PICTURE_CODES, ...extra]),
    },
  };
}

const requestIdParameter: OpenApiParameter = {
  name: 'X-Request-Id',
  in: 'header',
  required: false,
  description: 'kept and sent back when it is sane; made by the server otherwise',
  schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' },
};

function optionParameter(name: OptionName): OpenApiParameter {
  const { description, ...schema } = optionJsonSchema(name);
  const isList = schema.type === 'array';
  return {
    name,
    in: 'query',
    required: false,
    ...(description === undefined ? {} : { description }),
    schema,
    ...(isList ? { style: 'form', explode: false } : {}),
  };
}

/** The same options once more as form fields and as JSON members, beside the pictures. */
function pictureBody(name: RouteName, slots: readonly PictureSlot[]): OpenApiBody {
  const options = Object.fromEntries(ROUTE_OPTIONS[name].map((option) => [option, optionJsonSchema(option)]));
  const binary = { type: 'string', contentMediaType: 'application/octet-stream' };
  const form = {
    type: 'object',
    properties: { ...Object.fromEntries(slots.map((slot) => [slot.field, binary])), ...options },
    required: slots.map((slot) => slot.field),
    additionalProperties: false,
  };
  const json = {
    type: 'object',
    properties: { ...Object.fromEntries(slots.map((slot) => [slot.member, schemaRef('Base64Picture')])), ...options },
    required: slots.map((slot) => slot.member),
    additionalProperties: false,
  };
  const raw = slots.length > 1 ? {} : { 'image/*': { schema: {} }, 'application/octet-stream': { schema: {} } };
  return {
    required: true,
    content: { 'multipart/form-data': { schema: form }, ...raw, 'application/json': { schema: json } },
  };
}

/** @param security what the operations that are not open to all need */
function operationPaths(security: Pick<OpenApiOperation, 'security'>): Record<string, OpenApiPath> {
  const get = (operationId: string, summary: string, ok: OpenApiResponse, more = {}): OpenApiPath => ({
    get: { operationId, summary, responses: { 200: ok, ...problemResponses(OPERATION_CODES), ...more } },
  });
  const keyed = (operationId: string, summary: string, ok: OpenApiResponse): OpenApiPath => ({
    get: { operationId, summary, responses: { 200: ok, ...problemResponses(KEYED_CODES) }, ...security },
  });
  const text = (type: string, description: string): OpenApiResponse => ({
    description,
    content: { [type]: { schema: { type: 'string' } } },
  });
  return {
    '/healthz': get('healthz', 'Does the process answer?', answer('it does', 'Health')),
    '/readyz': get(
      'readyz',
      'Has every resident model answered a real inference?',
      answer('every check passed', 'Ready'),
      { 503: answer('at least one check failed, or the server is stopping', 'Ready') },
    ),
    '/metrics': keyed('metrics', 'Metrics for Prometheus', text('text/plain', 'the text exposition format')),
    '/openapi.json': get('openapi', 'This document', {
      description: 'OpenAPI 3.1',
      content: { 'application/json': { schema: { type: 'object' } } },
    }),
    '/docs': get('docs', 'This document as a page', text('text/html', 'a page without outside resources')),
    '/models': {
      servers: [{ url: '/v1' }],
      ...keyed('models', 'Every process: state, version, memory, licence', answer('imaging first', 'ModelsAnswer')),
    },
  };
}

function answer(description: string, schema: SchemaName): OpenApiResponse {
  return {
    description,
    headers: { 'X-Request-Id': { schema: { type: 'string' } } },
    content: { 'application/json': { schema: schemaRef(schema) } },
  };
}

/** One response per status, with the codes it can carry. */
function problemResponses(codes: readonly ErrorCode[]): Record<string, OpenApiResponse> {
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
