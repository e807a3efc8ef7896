/** Swaps of versions: begun, promoted and taken back by administrators, watched by everybody. Mounted under `/v1` only. */
import { type Request, type Response, Router } from 'express';
import { callerName, callerOf } from '../../auth/caller.ts';
import { moveRequestSchema, type Swap, swapRequestSchema, type Who } from '../../contract/rollout.ts';
import { orAbort } from '../../util/abort.ts';
import { readStrictJson } from '../body/strict-json.ts';
import { adminEndpoint, audited, type ChangesDeps, pathPart, refuseWhenClosing } from '../changes.ts';
import { startDeadline, startPatience } from '../deadline.ts';
import { EventStream, type SentEvent, wantsEvents } from '../event-stream.ts';
import { wantedGeneration } from '../generation.ts';
import { isStillAllowed } from '../gate.ts';
import { parseBoolean } from '../options.ts';
import { Places } from '../places.ts';
import { stateOf } from '../request-state.ts';
import { addEndpoints, addRoute } from '../route.ts';
import { sendJson } from '../send.ts';
import { readQuery } from '../strict-query.ts';

/** Clients that watch a swap at the same time. */
export const MAX_WATCHERS = 64;
/** Of one key or address. */
export const MAX_WATCHERS_EACH = 8;
const RETRY_AFTER_S = 5;

type Watching = { readonly watchers: Set<EventStream>; readonly places: Places };

export function swapsRouter(deps: ChangesDeps): Router {
  const { rollout, gate } = deps;
  const router = Router();
  const watchers = new Set<EventStream>();
  const places = new Places({
    total: MAX_WATCHERS,
    each: MAX_WATCHERS_EACH,
    doing: 'watch swaps',
    retryAfterS: RETRY_AFTER_S,
  });
  deps.signal?.addEventListener('abort', () => {
    for (const stream of watchers) stream.end();
  });
  const anyKey = gate('any key');
  addEndpoints(router, '/models/:model/swap', { post: adminEndpoint(deps, (req, res) => begin(req, res, deps)) });
  for (const move of ['promote', 'rollback'] as const) {
    addEndpoints(router, `/models/:model/${move}`, {
      post: adminEndpoint(deps, (req, res) => moveAlias(move, req, res, deps)),
    });
  }
  addRoute(router, 'get', '/swaps', 'swaps', anyKey, (req, res) => {
    const { model } = readQuery('/v1/swaps', req.url, ['model']);
    sendJson(res, { swaps: rollout.list(model ?? null) });
  });
  addRoute(router, 'get', '/swaps/:id', 'swaps', anyKey, async (req, res) => {
    readQuery('/v1/swaps/{id}', req.url, []);
    const swap = rollout.find(pathPart(req, 'id'));
    res.vary('Accept');
    if (wantsEvents(req)) await watch(req, res, swap, deps, { watchers, places });
    else sendJson(res, swap);
  });
  return router;
}

async function begin(req: Request, res: Response, deps: ChangesDeps): Promise<void> {
  const { rollout, audit } = deps;
  const model = pathPart(req, 'model');
  const wait = readWait('/v1/models/{model}/swap', req);
  const body = await readBody(req, res, deps, swapRequestSchema);
  const request = { ...body, if_generation: wantedGeneration(req, body.if_generation) };
  refuseWhenClosing(deps);
  const { version, strategy } = request;
  const swap = await audited(audit, req, { action: 'model.swap', target: model, version, strategy }, () =>
    rollout.swap(model, request, callerName(callerOf(req))),
  );
  if (wait) sendSwap(res, await untilSettled(res, deps, swap), 200);
  else sendSwap(res, swap, 202);
}

/** 200 where it is done already, which going back mostly is. */
async function moveAlias(move: 'promote' | 'rollback', req: Request, res: Response, deps: ChangesDeps): Promise<void> {
  const { rollout, audit } = deps;
  const model = pathPart(req, 'model');
  const wait = readWait(`/v1/models/{model}/${move}`, req);
  const body = await readBody(req, res, deps, moveRequestSchema);
  const who: Who = {
    by: callerName(callerOf(req)),
    why: body.why,
    ifGeneration: wantedGeneration(req, body.if_generation),
  };
  refuseWhenClosing(deps);
  let swap = await audited(audit, req, { action: `model.${move}`, target: model }, async () =>
    rollout[move](model, who),
  );
  if (wait) swap = await untilSettled(res, deps, swap);
  sendSwap(res, swap, swap.state === 'running' ? 202 : 200);
}

function readWait(route: string, req: Request): boolean {
  const { wait } = readQuery(route, req.url, ['wait']);
  return wait !== undefined && parseBoolean('wait', wait);
}

async function readBody<T>(
  req: Request,
  res: Response,
  { settings }: ChangesDeps,
  schema: Parameters<typeof readStrictJson<T>>[2],
): Promise<T> {
  const deadline = startDeadline(res, settings.limits);
  try {
    return await readStrictJson(req, res, schema, deadline.signal);
  } finally {
    deadline.dispose();
  }
}

/** It goes on when the client does not wait any more. */
async function untilSettled(res: Response, { rollout }: ChangesDeps, swap: Swap): Promise<Swap> {
  if (swap.state !== 'running') return swap;
  const patience = startPatience(res);
  try {
    return await orAbort(rollout.wait(swap.id, patience.signal), patience.signal);
  } finally {
    patience.dispose();
  }
}

function sendSwap(res: Response, swap: Swap, status: number): void {
  res.setHeader('Location', `/v1/swaps/${encodeURIComponent(swap.id)}`);
  sendJson(res, swap, status);
}

/** Server-sent events: the swap as it is, and again after every change, until it has ended. */
async function watch(
  req: Request,
  res: Response,
  first: Swap,
  deps: ChangesDeps,
  { watchers, places }: Watching,
): Promise<void> {
  const endId = `${first.id}.end`;
  if (first.ended !== null && req.headers['last-event-id'] === endId) {
    // An EventSource that comes back has seen the end; this is how it is told to stay away.
    res.status(204).end();
    return;
  }
  refuseWhenClosing(deps);
  const giveBack = places.take(req);
  const stream = new EventStream(res, {
    clock: deps.clock,
    mayStay: () => isStillAllowed(req),
    onSlow: () => {
      stateOf(req).code = 'deadline_exceeded';
    },
  });
  watchers.add(stream);
  let count = 0;
  const sent = (swap: Swap): SentEvent => {
    count += 1;
    return { id: swap.ended === null ? `${swap.id}.${count}` : endId, type: 'swap', data: swap };
  };
  let last = first;
  let isOpen = false;
  const stopListening = deps.rollout.onChange((swap) => {
    if (swap.id !== first.id) return;
    last = swap;
    stream.live(sent(swap));
    if (isOpen && swap.ended !== null) stream.end();
  });
  res.once('close', () => {
    stopListening();
    watchers.delete(stream);
    giveBack();
    stream.end();
  });
  await stream.open([sent(first)], null);
  isOpen = true;
  if (last.ended !== null || req.method === 'HEAD') stream.end();
}
