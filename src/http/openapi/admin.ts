/** The admin routes in the OpenAPI document. They need a key of the scope admin even where no other route needs one. */
import type { ErrorCode } from '../../contract/errors.ts';
import { answer, KEYED_CODES, problemResponses, textAnswer } from './responses.ts';
import { NEEDS_KEY } from './security.ts';
import type { OpenApiOperation, OpenApiParameter, OpenApiPath, OpenApiResponse } from './types.ts';

const ONLY_HERE = 'Where admin.http is not set, this answers on the admin socket only.';
const servers = [{ url: '/v1' }] as const;
const CODES: readonly ErrorCode[] = [...KEYED_CODES, 'unknown_option', 'not_found', 'invalid_argument'];

const model: OpenApiParameter = {
  name: 'model',
  in: 'path',
  required: true,
  description: 'name of a model, or imaging',
  schema: { type: 'string' },
};
const wait: OpenApiParameter = {
  name: 'wait',
  in: 'query',
  required: false,
  description: 'true: answers when it is done, with 200',
  schema: { type: 'boolean', default: false },
};

type Action = { readonly summary: string; readonly codes: readonly ErrorCode[] };

const ACTIONS: Readonly<Record<string, Action>> = {
  load: { summary: 'Load it now, as a request would', codes: [] },
  unload: { summary: 'Give its memory back; the next request loads it again', codes: ['conflict'] },
  restart: { summary: 'A fresh process', codes: [] },
  stop: { summary: 'End its process; requests are refused until it is started', codes: [] },
  start: { summary: 'Start what was stopped', codes: [] },
};
/** They can come out of any action. */
const ACTION_CODES: readonly ErrorCode[] = [
  'model_failed',
  'model_missing',
  'model_stopped',
  'memory_exhausted',
  'shutting_down',
];

export function adminPaths(): Record<string, OpenApiPath> {
  const status = answer('done', 'ModelStatus');
  const paths: Record<string, OpenApiPath> = {
    '/models/{model}': read('modelStatus', 'One process', answer('its state', 'ModelStatus'), [model]),
    '/models/{model}/plan': read('plan', 'What loading it would take; changes nothing', answer('the plan', 'Plan'), [
      model,
    ]),
    '/models/{model}/logs': read('logs', 'Its log', textAnswer('text/plain', 'the last lines'), [
      model,
      option('lines', 'how many of the last lines', { type: 'integer', minimum: 0, maximum: 100_000, default: 200 }),
      option('follow', 'true: goes on with what is written later', { type: 'boolean', default: false }),
    ]),
    '/alerts/{rule}/silence': act(
      'silence',
      'Say nothing of a rule for a while',
      answer('the alerts', 'AlertsAnswer'),
      [
        { name: 'rule', in: 'path', required: true, description: 'name of the rule', schema: { type: 'string' } },
        option('minutes', '0 ends it', { type: 'integer', minimum: 0, maximum: 10_080, default: 60 }),
      ],
    ),
  };
  for (const [action, { summary, codes }] of Object.entries(ACTIONS)) {
    const path = act(action, summary, status, [model, wait], [...codes, ...ACTION_CODES]);
    const begun = { ...answer('begun; Location says where to look', 'ModelStatus'), headers: LOCATION };
    paths[`/models/{model}/${action}`] = withResponse(path, '202', begun);
  }
  paths['/models/{model}/pin'] = act('pin', 'Never evict it for another model', status, [model]);
  paths['/models/{model}/unpin'] = act('unpin', 'Let it be evicted again', status, [model]);
  return paths;
}

const LOCATION = { Location: { schema: { type: 'string' } } };

function option(name: string, description: string, schema: object): OpenApiParameter {
  return { name, in: 'query', required: false, description, schema };
}

function operation(
  operationId: string,
  summary: string,
  ok: OpenApiResponse,
  parameters: readonly OpenApiParameter[],
  codes: readonly ErrorCode[],
): OpenApiOperation {
  return {
    operationId,
    tags: ['administration'],
    summary,
    description: ONLY_HERE,
    parameters,
    responses: { 200: ok, ...problemResponses([...CODES, ...codes]) },
    security: NEEDS_KEY,
  };
}

function read(id: string, summary: string, ok: OpenApiResponse, parameters: readonly OpenApiParameter[]): OpenApiPath {
  return { servers, get: operation(id, summary, ok, parameters, []) };
}

function act(
  id: string,
  summary: string,
  ok: OpenApiResponse,
  parameters: readonly OpenApiParameter[],
  codes: readonly ErrorCode[] = [],
): OpenApiPath {
  return { servers, post: operation(id, summary, ok, parameters, codes) };
}

function withResponse(path: OpenApiPath, status: string, response: OpenApiResponse): OpenApiPath {
  const { post } = path;
  return post === undefined
    ? path
    : { ...path, post: { ...post, responses: { ...post.responses, [status]: response } } };
}
