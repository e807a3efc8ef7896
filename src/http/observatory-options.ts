/** Options of the routes that tell of GPUs, history, events and alerts: what each is called and how it is written. */
import { FacepoolError } from '../contract/errors.ts';
import { EVENT_TYPES, type EventType } from '../contract/history.ts';
import { TIME_FORMS } from '../util/time-text.ts';
import { readQuery } from './strict-query.ts';
import { DEFAULT_FROM } from './time-range.ts';

type OptionText = { readonly description: string; readonly schema: object };

const flag = { type: 'boolean', default: true };

/** For `openapi.json`; the parsers below and in time-range.ts say the same in code. */
export const OBSERVATORY_OPTIONS = {
  from: {
    description: `begin: ${TIME_FORMS}; events: as far back as they are kept`,
    schema: { type: 'string', default: DEFAULT_FROM },
  },
  to: { description: 'end, written like from; a minute from now at most', schema: { type: 'string', default: 'now' } },
  step: {
    description: 'each entry is the mean of so many seconds; auto: about 600 entries',
    schema: { anyOf: [{ const: 'auto' }, { type: 'integer', minimum: 1, maximum: 86_400 }], default: 'auto' },
  },
  devices: {
    description: 'comma list of device ids; default: all',
    schema: { type: 'array', items: { type: 'string' } },
  },
  device: { description: 'id of a device, or cpu; CSV: default the first GPU', schema: { type: 'string' } },
  workers: { description: 'with every process of the server', schema: flag },
  events: { description: 'with what happened meanwhile', schema: flag },
  format: { description: 'how the answer is written', schema: { type: 'string' } },
  types: {
    description: 'comma list of event types; default: all',
    schema: { type: 'array', items: { type: 'string', enum: EVENT_TYPES } },
  },
  limit: {
    description: 'the newest so many; JSON only',
    schema: { type: 'integer', minimum: 1, maximum: 1000, default: 200 },
  },
  last_event_id: {
    description: 'only what came after this event; the header Last-Event-ID says the same and goes first',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,100}$' },
  },
} as const satisfies Record<string, OptionText>;
export type ObservatoryOption = keyof typeof OBSERVATORY_OPTIONS;

/** Route under `/v1` → what it takes. */
export const OBSERVATORY_ROUTES = {
  '/gpu': [],
  '/gpu/history': ['from', 'to', 'step', 'format', 'device'],
  '/history': ['from', 'to', 'step', 'devices', 'workers', 'events'],
  '/events': ['format', 'types', 'last_event_id', 'from', 'to', 'limit'],
  '/alerts': [],
  '/insight': ['from', 'to'],
} as const satisfies Record<string, readonly ObservatoryOption[]>;
export type ObservatoryRoute = keyof typeof OBSERVATORY_ROUTES;

export type GivenOptions = Partial<Record<ObservatoryOption, string>>;

const MAX_ITEMS = 100;

/** The options of one request, as written. Throws as {@link readQuery}. */
export function readOptions(route: ObservatoryRoute, url: string): GivenOptions {
  return readQuery<ObservatoryOption>(`/v1${route}`, url, OBSERVATORY_ROUTES[route]);
}

/** Each once, in their order; null where the option is absent. */
export function parseList(name: ObservatoryOption, text: string | undefined): string[] | null {
  if (text === undefined) return null;
  const items = [...new Set(text.split(','))];
  if (items.length <= MAX_ITEMS && items.every((item) => item !== '' && item.length <= MAX_ITEMS)) return items;
  throw new FacepoolError('invalid_argument', `Option ${name} must be a comma list without gaps.`, { param: name });
}

export function parseTypes(text: string | undefined): EventType[] | null {
  const items = parseList('types', text);
  const types = items?.filter(isEventType) ?? null;
  if (types?.length === items?.length) return types;
  throw new FacepoolError('invalid_argument', `Option types must be a comma list of ${EVENT_TYPES.join(', ')}.`, {
    param: 'types',
  });
}

function isEventType(text: string): text is EventType {
  return (EVENT_TYPES as readonly string[]).includes(text);
}

/** One of a few words. */
export function parseChoice<T extends string>(
  name: ObservatoryOption,
  text: string | undefined,
  choices: readonly T[],
  fallback: T,
): T {
  if (text === undefined) return fallback;
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new FacepoolError('invalid_argument', `Option ${name} must be one of ${choices.join(', ')}.`, { param: name });
}

/** How many of the newest events. */
export function parseLimit(text: string | undefined): number {
  const { minimum, maximum, default: fallback } = OBSERVATORY_OPTIONS.limit.schema;
  if (text === undefined) return fallback;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= minimum && limit <= maximum) return limit;
  throw new FacepoolError('invalid_argument', `Option limit must be a whole number from ${minimum} to ${maximum}.`, {
    param: 'limit',
  });
}

const EVENT_ID = new RegExp(OBSERVATORY_OPTIONS.last_event_id.schema.pattern);

/** A sane event id; whether there is such an event does not matter, ids sort by time. */
export function parseEventId(text: string): string {
  if (EVENT_ID.test(text)) return text;
  throw new FacepoolError('invalid_argument', 'That is no id of an event.', { param: 'last_event_id' });
}
