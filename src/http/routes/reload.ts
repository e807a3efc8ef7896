/** `/reload`: the configuration is read again. Mounted under `/v1` only. */
import { type Request, type Response, Router } from 'express';
import { reloadRequestSchema } from '../../contract/reload.ts';
import { readStrictJson } from '../body/strict-json.ts';
import { adminEndpoint, audited, type ChangesDeps, refuseWhenClosing } from '../changes.ts';
import { startPatience } from '../deadline.ts';
import { addEndpoints } from '../route.ts';
import { sendJson } from '../send.ts';
import { readQuery } from '../strict-query.ts';

export function reloadRouter(deps: ChangesDeps): Router {
  const router = Router();
  addEndpoints(router, '/reload', { post: adminEndpoint(deps, (req, res) => reload(req, res, deps)) });
  return router;
}

async function reload(req: Request, res: Response, deps: ChangesDeps): Promise<void> {
  readQuery('/v1/reload', req.url, []);
  const patience = startPatience(res);
  try {
    const { dry_run: dryRun } = await readStrictJson(req, res, reloadRequestSchema, patience.signal);
    refuseWhenClosing(deps);
    const ask = () => deps.reload.reload(dryRun);
    // A dry run changes nothing: there is nothing to write down.
    const answer = dryRun
      ? await ask()
      : await audited(deps.audit, req, { action: 'server.reload', target: 'configuration' }, ask);
    sendJson(res, answer);
  } finally {
    patience.dispose();
  }
}
