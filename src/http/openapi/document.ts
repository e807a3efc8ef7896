/** The OpenAPI 3.1 document: routes, options, answers and errors, from the schemas that the server itself uses. */
import type { ErrorCode } from '../../contract/errors.ts';
import { type OptionName, ROUTE_OPTIONS, type RouteName } from '../../contract/options.ts';
import { ONE_PICTURE, type PictureSlot, TWO_PICTURES } from '../body/slots.ts';
import { MAX_CLIENT_ID_BYTES } from '../client-id.ts';
import { optionJsonSchema } from '../options.ts';
import { adminPaths } from './admin.ts';
import { observationPaths } from './observation.ts';
import { operationPaths } from './operations.ts';
import { answer, problemResponses } from './responses.ts';
import { componentSchemas, schemaRef } from './schemas.ts';
import { NEEDS_KEY, SECURITY_SCHEMES } from './security.ts';
import {
  type OpenApiBody,
  type OpenApiDocument,
  type OpenApiOperation,
  type OpenApiParameter,
  type OpenApiPath,
  TAGS,
  type Tag,
} from './types.ts';
import { versionPaths } from './versions.ts';

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
    tags: (Object.keys(TAGS) as Tag[]).map((name) => ({ name, description: TAGS[name] })),
    paths: {
      ...paths,
      ...operationPaths(security),
      ...observationPaths(security),
      ...adminPaths(),
      ...versionPaths(security),
    },
    components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
  };
}

function pictureOperation(name: RouteName): OpenApiOperation {
  const { summary, description, extra } = ROUTE_TEXTS[name];
  const slots = name === 'verify' ? TWO_PICTURES : ONE_PICTURE;
  return {
    operationId: name,
    tags: ['faces'],
    summary,
    description,
    parameters: [...ROUTE_OPTIONS[name].map(optionParameter), requestIdParameter, clientIdParameter],
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

const clientIdParameter: OpenApiParameter = {
  name: 'X-Client-Id',
  in: 'header',
  required: false,
  description:
    'who asks: while two versions of a model share the traffic, the same client always gets the same one; default: the API key',
  schema: { type: 'string', maxLength: MAX_CLIENT_ID_BYTES },
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
