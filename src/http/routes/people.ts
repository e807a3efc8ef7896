/** What is about all people: their state, a check of the store, and the change to a recognizer of another space. */
import { type Request, type Response, Router } from 'express';
import { FacepoolError } from '../../contract/errors.ts';
import { type Reembed, type Reembedding, reembedRequestSchema } from '../../contract/reembed.ts';
import { orAbort } from '../../util/abort.ts';
import { readStrictJson } from '../body/strict-json.ts';
import { adminEndpoint, refuseWhenClosing } from '../changes.ts';
import { startPatience } from '../deadline.ts';
import { inPlace, Places } from '../places.ts';
import { type PeopleDeps, peopleEndpoint, recorded, withDeadline } from '../people-request.ts';
import { addEndpoints } from '../route.ts';
import { sendJson } from '../send.ts';
import { readQuery } from '../strict-query.ts';

/** A check reads everything: a second one would only make both slower. */
export const MAX_CHECKS = 1;
const RETRY_AFTER_S = 10;
const REEMBED = '/v1/people/reembed';

/** Mounted under `/v1` only. */
export function peopleRouter(deps: PeopleDeps): Router {
  const router = Router({ strict: true });
  const { people, reembedding } = deps;
  const checks = new Places({ total: MAX_CHECKS, each: MAX_CHECKS, doing: 'check people', retryAfterS: RETRY_AFTER_S });
  addEndpoints(router, '/people', {
    get: peopleEndpoint(deps, 'people:read', async (req, res) => {
      readQuery('/v1/people', req.url, []);
      sendJson(res, people.status());
    }),
  });
  addEndpoints(router, '/people/check', { post: adminEndpoint(deps, (req, res) => check(req, res, deps, checks)) });
  addEndpoints(router, '/people/reembed', {
    get: adminEndpoint(deps, async (req, res) => {
      readQuery(REEMBED, req.url, []);
      sendJson(res, found(reembedding.status()));
    }),
    post: adminEndpoint(deps, (req, res) => startReembed(req, res, deps, reembedding)),
    delete: adminEndpoint(deps, (req, res) => cancelReembed(req, res, deps, reembedding)),
  });
  return router;
}

/** As long as it takes; its place is taken until it has ended, also where nobody waits for it any more. */
function check(req: Request, res: Response, deps: PeopleDeps, places: Places): Promise<void> {
  readQuery('/v1/people/check', req.url, []);
  refuseWhenClosing(deps);
  return inPlace(places, req, async (during) => {
    const patience = startPatience(res, deps.signal);
    try {
      const checking = during(
        recorded(
          deps,
          req,
          'people.check',
          'all',
          () => deps.people.check(),
          ({ faults }) => ({ faults: faults.length }),
        ),
      );
      sendJson(res, await orAbort(checking, patience.signal));
    } finally {
      patience.dispose();
    }
  });
}

async function startReembed(req: Request, res: Response, deps: PeopleDeps, reembedding: Reembedding): Promise<void> {
  readQuery(REEMBED, req.url, []);
  refuseWhenClosing(deps);
  const begun = await withDeadline(res, deps, async (signal) => {
    const request = await readStrictJson(req, res, reembedRequestSchema, signal);
    const { model, version } = request;
    const about = () => ({ version });
    return recorded(deps, req, 'people.reembed', model, () => reembedding.start(request), about);
  });
  res.setHeader('Location', REEMBED);
  sendJson(res, begun, 202);
}

async function cancelReembed(req: Request, res: Response, deps: PeopleDeps, reembedding: Reembedding): Promise<void> {
  readQuery(REEMBED, req.url, []);
  const { model } = found(reembedding.status());
  const work = () => reembedding.cancel();
  sendJson(res, found(await withDeadline(res, deps, () => recorded(deps, req, 'people.reembed_cancel', model, work))));
}

function found(reembed: Reembed | null): Reembed {
  if (reembed !== null) return reembed;
  throw new FacepoolError('not_found', 'Nobody has asked for people to be embedded anew.');
}
