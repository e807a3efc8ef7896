/** `/events`: what happens to the server, as a stream that can be resumed, or as JSON. Mounted under `/v1` only. */
import { type Request, type Response, Router } from 'express';
import { FacepoolError } from '../../contract/errors.ts';
import type { EventType, StoredEvent } from '../../contract/history.ts';
import type { Control } from '../../contract/services.ts';
import { EventStream, type SentEvent } from '../event-stream.ts';
import {
  type GivenOptions,
  parseChoice,
  parseEventId,
  parseLimit,
  parseTypes,
  readOptions,
} from '../observatory-options.ts';
import { isStillAllowed } from '../gate.ts';
import { inPlace, Places } from '../places.ts';
import { stateOf } from '../request-state.ts';
import { addRoute } from '../route.ts';
import { eventsJson, sendChunks } from '../send-chunks.ts';
import { parseTime } from '../time-range.ts';
import { inTime, type ObservatoryDeps } from './observatory.ts';

export type EventsDeps = ObservatoryDeps & {
  readonly control: Pick<Control, 'stopping'>;
  /** Aborted when the server closes: streams have no end of their own. */
  readonly signal?: AbortSignal | undefined;
};

/** Streams at the same time: each is a connection that stays. */
export const MAX_STREAMS = 64;
/** Of one key or address. */
export const MAX_STREAMS_EACH = 8;
/** The newest so many of the missed events are sent; a client that was away for longer asks for JSON. */
export const MAX_MISSED = 10_000;
const RETRY_AFTER_S = 5;
/** They limit an answer that has an end. */
const JSON_ONLY = ['from', 'to', 'limit'] as const;

type Streams = { readonly open: Set<EventStream>; readonly places: Places };

export function eventsRouter(deps: EventsDeps): Router {
  const router = Router();
  const open = new Set<EventStream>();
  const places = new Places({
    total: MAX_STREAMS,
    each: MAX_STREAMS_EACH,
    doing: 'read events',
    retryAfterS: RETRY_AFTER_S,
  });
  deps.signal?.addEventListener('abort', () => {
    for (const stream of open) stream.end();
  });
  addRoute(router, 'get', '/events', 'events', deps.gate('any key'), async (req, res) => {
    const given = readOptions('/events', req.url);
    const types = parseTypes(given.types);
    const afterId = resumeFrom(req, given);
    res.vary('Accept');
    const format = parseChoice('format', given.format, ['json', 'sse'], wantsJson(req) ? 'json' : 'sse');
    if (format === 'json') await answerList(req, res, deps, given, types, afterId);
    else await answerStream(req, res, deps, given, types, afterId, { open, places });
  });
  return router;
}

/** A browser that comes back says in the header where it was; its address still has the option of the first time. */
function resumeFrom(req: Request, given: GivenOptions): string | null {
  const text = req.headers['last-event-id'] ?? given.last_event_id;
  return text === undefined || text === '' ? null : parseEventId(String(text));
}

function wantsJson(req: Request): boolean {
  return req.accepts(['text/event-stream', 'application/json']) === 'application/json';
}

async function answerList(
  req: Request,
  res: Response,
  { observatory, clock, settings, answers }: EventsDeps,
  given: GivenOptions,
  types: readonly EventType[] | null,
  afterId: string | null,
): Promise<void> {
  const now = clock.date().getTime();
  const from = given.from === undefined ? null : parseTime('from', given.from, now);
  const to = given.to === undefined ? null : parseTime('to', given.to, now);
  const query = { afterId, from, to, types, limit: parseLimit(given.limit) };
  await inPlace(answers, req, async (during) => {
    const events = await inTime(res, settings.limits, during(observatory.events(query)));
    res.setHeader('Content-Type', 'application/json; charset=utf-8');
    await sendChunks(res, clock, req.method === 'HEAD' ? [] : eventsJson(events));
  });
}

async function answerStream(
  req: Request,
  res: Response,
  deps: EventsDeps,
  given: GivenOptions,
  types: readonly EventType[] | null,
  afterId: string | null,
  { open, places }: Streams,
): Promise<void> {
  for (const param of JSON_ONLY) {
    if (given[param] === undefined) continue;
    throw new FacepoolError('invalid_argument', `Option ${param} goes with format=json; a stream has no end.`, {
      param,
    });
  }
  refuseWhenClosing(deps);
  const giveBack = places.take(req);
  const { observatory, clock } = deps;
  const stream = new EventStream(res, {
    clock,
    mayStay: () => isStillAllowed(req),
    onSlow: () => {
      stateOf(req).code = 'deadline_exceeded';
    },
  });
  open.add(stream);
  // Before the missed ones are asked for: between the two nothing can be lost.
  const stopListening = observatory.onEvent((event) => {
    if (types === null || types.includes(event.type)) stream.live(asSent(event));
  });
  const leave = (): void => {
    stopListening();
    open.delete(stream);
    giveBack();
    stream.end();
  };
  res.once('close', leave);
  try {
    const missed = await inTime(res, deps.settings.limits, missedEvents(deps, types, afterId));
    refuseWhenClosing(deps);
    if (afterId === null) await stream.open([], missed.at(-1)?.id ?? null);
    else await stream.open(missed.map(asSent), null);
    if (req.method === 'HEAD') stream.end();
  } catch (error) {
    leave();
    throw error;
  }
}

function asSent(event: StoredEvent): SentEvent {
  return { id: event.id, type: event.type, data: event };
}

function refuseWhenClosing({ control, signal }: EventsDeps): void {
  if (!control.stopping() && signal?.aborted !== true) return;
  throw new FacepoolError('shutting_down', 'The server is shutting down.');
}

/** What came after the id, oldest first; without one the newest event, whose id is where such a client begins. */
async function missedEvents(
  { observatory }: EventsDeps,
  types: readonly EventType[] | null,
  afterId: string | null,
): Promise<readonly StoredEvent[]> {
  if (afterId === null) return observatory.events({ afterId, from: null, to: null, types: null, limit: 1 });
  return observatory.events({ afterId, from: null, to: null, types, limit: MAX_MISSED });
}
