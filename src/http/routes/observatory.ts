/** What the server tells of itself: GPUs, history, alerts and findings. Mounted under `/v1` only. */
import { type Request, type Response, Router } from 'express';
import type { HistoryAnswer, Observatory } from '../../contract/history.ts';
import type { Settings } from '../../contract/settings.ts';
import { orAbort } from '../../util/abort.ts';
import type { Clock } from '../../util/clock.ts';
import { startDeadline } from '../deadline.ts';
import type { Gate } from '../gate.ts';
import { parseList, readOptions } from '../observatory-options.ts';
import { parseBoolean } from '../options.ts';
import { addRoute } from '../route.ts';
import { inPlace, Places } from '../places.ts';
import { historyJson, sendChunks } from '../send-chunks.ts';
import { sendJson } from '../send.ts';
import { parseRange, parseStep } from '../time-range.ts';

export type ObservatoryDeps = {
  readonly observatory: Observatory;
  readonly settings: Pick<Settings, 'limits' | 'history'>;
  readonly clock: Clock;
  readonly gate: Gate;
  /** For answers of many bytes, all routes together. */
  readonly answers: Places;
};

/** Long answers that are made or sent at the same time: each is some 12 MB until its client has read it. */
export const MAX_ANSWERS = 8;
/** So that one client leaves some to others. */
export const MAX_ANSWERS_EACH = 4;

export function answerPlaces(): Places {
  return new Places({ total: MAX_ANSWERS, each: MAX_ANSWERS_EACH, doing: 'read long answers', retryAfterS: 1 });
}

/** `/gpu`, `/history`, `/alerts` and `/insight`. */
export function observatoryRouter(deps: ObservatoryDeps): Router {
  const { observatory, clock, gate } = deps;
  const { limits } = deps.settings;
  const router = Router();
  const access = gate('any key');
  const now = (): number => clock.date().getTime();
  addRoute(router, 'get', '/gpu', 'gpu', access, (req, res) => {
    readOptions('/gpu', req.url);
    sendJson(res, observatory.gpu());
  });
  addRoute(router, 'get', '/alerts', 'alerts', access, (req, res) => {
    readOptions('/alerts', req.url);
    sendJson(res, { alerts: observatory.alerts() });
  });
  addRoute(router, 'get', '/insight', 'insight', access, async (req, res) => {
    const given = readOptions('/insight', req.url);
    const { from, to } = parseRange(given.from, given.to, now());
    sendJson(res, await inTime(res, limits, observatory.insight(from, to)));
  });
  addRoute(router, 'get', '/history', 'history', access, async (req, res) => {
    const given = readOptions('/history', req.url);
    const query = {
      ...parseRange(given.from, given.to, now()),
      stepS: parseStep(given.step),
      devices: parseList('devices', given.devices),
      workers: given.workers === undefined || parseBoolean('workers', given.workers),
      events: given.events === undefined || parseBoolean('events', given.events),
    };
    await inPlace(deps.answers, req, async (during) => {
      await sendHistory(req, res, clock, await inTime(res, limits, during(observatory.history(query))));
    });
  });
  return router;
}

/** The answer within the deadline of every request; rejects when it passed or the client went. */
export async function inTime<T>(res: Response, limits: Settings['limits'], answer: Promise<T>): Promise<T> {
  const deadline = startDeadline(res, limits);
  try {
    return await orAbort(answer, deadline.signal);
  } finally {
    deadline.dispose();
  }
}

export async function sendHistory(req: Request, res: Response, clock: Clock, answer: HistoryAnswer): Promise<void> {
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  await sendChunks(res, clock, req.method === 'HEAD' ? [] : historyJson(answer));
}
