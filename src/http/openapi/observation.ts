/** GPUs, history, events, alerts and findings in the OpenAPI document. */
import type { ErrorCode } from '../../contract/errors.ts';
import {
  OBSERVATORY_OPTIONS,
  OBSERVATORY_ROUTES,
  type ObservatoryOption,
  type ObservatoryRoute,
} from '../observatory-options.ts';
import { answer, KEYED_CODES, problemResponses } from './responses.ts';
import { schemaRef } from './schemas.ts';
import type { OpenApiOperation, OpenApiParameter, OpenApiPath, OpenApiResponse } from './types.ts';

type RouteText = {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly ok: OpenApiResponse;
  readonly codes?: readonly ErrorCode[];
};

/** Of routes that take options and read the history. */
const RANGE_CODES: readonly ErrorCode[] = ['invalid_argument', 'unknown_option', 'deadline_exceeded'];

const text = { schema: { type: 'string' } };

const TEXTS: Readonly<Record<ObservatoryRoute, RouteText>> = {
  '/gpu': {
    operationId: 'gpu',
    summary: 'GPUs, CPU and processes, as last looked at',
    description: 'What a device does not tell is null, never 0.',
    ok: answer('the last look', 'GpuAnswer'),
    codes: ['unknown_option'],
  },
  '/gpu/history': {
    operationId: 'gpuHistory',
    summary: 'GPUs over time, also as CSV',
    description: 'The CSV is one device, as long as one likes: a week by the second is streamed.',
    ok: both(answer('devices and what happened meanwhile', 'HistoryAnswer'), 'text/csv', text),
    codes: [...RANGE_CODES, 'not_found', 'queue_full'],
  },
  '/history': {
    operationId: 'history',
    summary: 'Devices and processes over time, with what happened meanwhile',
    ok: answer('columns of figures', 'HistoryAnswer'),
    codes: [...RANGE_CODES, 'queue_full'],
  },
  '/events': {
    operationId: 'events',
    summary: 'What happens, as it happens',
    description:
      'Server-sent events without an end: the data of each is a StoredEvent. A client that comes back with the id of the ' +
      'last one it saw gets those it missed first. A comment every 15 seconds shows that the connection lives. ' +
      'format=json, or Accept: application/json, answers those that are kept instead.',
    ok: both(answer('events, oldest first', 'EventsAnswer'), 'text/event-stream', { schema: schemaRef('StoredEvent') }),
    codes: [...RANGE_CODES, 'queue_full', 'shutting_down'],
  },
  '/alerts': {
    operationId: 'alerts',
    summary: 'Alert rules and their states',
    ok: answer('one entry per rule and device', 'AlertsAnswer'),
    codes: ['unknown_option'],
  },
  '/insight': {
    operationId: 'insight',
    summary: 'Findings in words, with the figures behind them',
    ok: answer('what stands out', 'InsightAnswer'),
    codes: RANGE_CODES,
  },
};

const FORMATS: Readonly<Partial<Record<ObservatoryRoute, readonly string[]>>> = {
  '/gpu/history': ['json', 'csv'],
  '/events': ['sse', 'json'],
};

/** @param security what the operations need */
export function observationPaths(security: Pick<OpenApiOperation, 'security'>): Record<string, OpenApiPath> {
  const routes = Object.keys(TEXTS) as ObservatoryRoute[];
  return Object.fromEntries(
    routes.map((route) => {
      const { ok, codes = [], ...texts } = TEXTS[route];
      const get: OpenApiOperation = {
        tags: ['observation'],
        ...texts,
        parameters: OBSERVATORY_ROUTES[route].map((name) => parameter(route, name)),
        responses: { 200: ok, ...problemResponses([...KEYED_CODES, ...codes]) },
        ...security,
      };
      return [route, { servers: [{ url: '/v1' }], get }];
    }),
  );
}

function parameter(route: ObservatoryRoute, name: ObservatoryOption): OpenApiParameter {
  const { description, schema } = OBSERVATORY_OPTIONS[name];
  const formats = name === 'format' ? FORMATS[route] : undefined;
  const isList = 'type' in schema && schema.type === 'array';
  return {
    name,
    in: 'query',
    required: false,
    description,
    schema: formats === undefined ? schema : { type: 'string', enum: formats, default: formats[0] },
    ...(isList ? { style: 'form', explode: false } : {}),
  };
}

function both(json: OpenApiResponse, type: string, media: { readonly schema: object }): OpenApiResponse {
  return { ...json, content: { ...json.content, [type]: media } };
}
