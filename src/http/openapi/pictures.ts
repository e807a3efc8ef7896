/** What all routes with pictures have in common in the OpenAPI document: options, the ways in, and errors. */
import type { ErrorCode } from '../../contract/errors.ts';
import { type OptionName, ROUTE_OPTIONS, type RouteName } from '../../contract/options.ts';
import type { PictureSlot } from '../body/slots.ts';
import { MAX_CLIENT_ID_BYTES } from '../client-id.ts';
import { optionJsonSchema } from '../options.ts';
import { schemaRef } from './schemas.ts';
import type { OpenApiBody, OpenApiParameter } from './types.ts';

/** Codes that any route with pictures can answer. */
export const PICTURE_CODES: readonly ErrorCode[] = [
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

/** Options in the query, and the headers that these routes look at. */
export function pictureParameters(name: RouteName): OpenApiParameter[] {
  return [...ROUTE_OPTIONS[name].map(optionParameter), requestIdParameter, clientIdParameter];
}

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

/** Members of a JSON body that has something else in place of the pictures. */
export type Instead = { readonly member: string; readonly schema: object; readonly options: readonly OptionName[] };

/** The same options once more as form fields and as JSON members, beside the pictures. */
export function pictureBody(name: RouteName, slots: readonly PictureSlot[], instead?: Instead): OpenApiBody {
  const options = optionMembers(ROUTE_OPTIONS[name]);
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
  const either = instead === undefined ? json : { oneOf: [json, insteadMembers(instead)] };
  return {
    required: true,
    content: { 'multipart/form-data': { schema: form }, ...raw, 'application/json': { schema: either } },
  };
}

function insteadMembers({ member, schema, options }: Instead): object {
  return {
    type: 'object',
    properties: { [member]: schema, ...optionMembers(options) },
    required: [member],
    additionalProperties: false,
  };
}

function optionMembers(names: readonly OptionName[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, optionJsonSchema(name)]));
}
