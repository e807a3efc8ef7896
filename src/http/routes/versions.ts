/** The versions of a model: looked at by everybody, registered and removed by administrators. Mounted under `/v1` only. */
import { Readable } from 'node:stream';
import { type Request, type Response, Router } from 'express';
import { callerName, callerOf } from '../../auth/caller.ts';
import { FacepoolError } from '../../contract/errors.ts';
import { stageRequestSchema, type VersionFile, type VersionRow, type VersionUpload } from '../../contract/staging.ts';
import { orAbort } from '../../util/abort.ts';
import { mediaType, refuseCompressed } from '../body/headers.ts';
import { watchStandstill } from '../body/standstill.ts';
import { readStrictJson } from '../body/strict-json.ts';
import { readVersionForm } from '../body/version-form.ts';
import { adminEndpoint, audited, type ChangesDeps, pathPart, refuseWhenClosing } from '../changes.ts';
import { startPatience } from '../deadline.ts';
import { generationTag } from '../generation.ts';
import { addEndpoints, type Endpoint } from '../route.ts';
import { sendJson } from '../send.ts';
import { StageSteps } from '../stage-steps.ts';
import { readQuery } from '../strict-query.ts';

/** Of a registration whose files lie on the server: manifest and licence texts may be in it. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export function versionsRouter(deps: ChangesDeps): Router {
  const { rollout } = deps;
  const router = Router();
  const read = (handler: Endpoint['handler']): Endpoint => ({
    label: 'versions',
    access: deps.gate('any key'),
    handler,
  });
  addEndpoints(router, '/models/:model/versions', {
    get: read(async (req, res) => {
      readQuery('/v1/models/{model}/versions', req.url, []);
      const answer = await rollout.versions(pathPart(req, 'model'));
      res.setHeader('ETag', generationTag(answer.generation));
      sendJson(res, answer);
    }),
    post: adminEndpoint(deps, (req, res) => register(req, res, deps)),
  });
  addEndpoints(router, '/models/:model/versions/:version', {
    get: read(async (req, res) => {
      readQuery('/v1/models/{model}/versions/{version}', req.url, []);
      sendJson(res, await findVersion(deps, pathPart(req, 'model'), pathPart(req, 'version')));
    }),
    delete: adminEndpoint(deps, (req, res) => remove(req, res, deps)),
  });
  return router;
}

async function register(req: Request, res: Response, deps: ChangesDeps): Promise<void> {
  readQuery('/v1/models/{model}/versions', req.url, []);
  refuseWhenClosing(deps);
  const model = pathPart(req, 'model');
  res.vary('Accept');
  const steps = new StageSteps(req, res, deps);
  const patience = startPatience(res, deps.signal);
  const standstill = watchStandstill(req, deps.clock);
  try {
    const form = await readUpload(req, res, deps, AbortSignal.any([patience.signal, standstill.signal]));
    const { upload, signal } = form;
    const entry = { action: 'model.add', target: model, version: upload.version };
    try {
      const row = await audited(deps.audit, req, entry, () => {
        const by = callerName(callerOf(req));
        const staged = deps.staging.stage(model, upload, { by, signal, onStep: (step) => steps.tell(step) });
        return orAbort(staged, signal);
      });
      const path = [model, row.version].map(encodeURIComponent).join('/versions/');
      await steps.end(row, `/v1/models/${path}`);
    } catch (error) {
      form.dispose(error);
      await steps.fail(error);
    }
  } finally {
    standstill.end();
    patience.dispose();
  }
}

type Upload = {
  readonly upload: VersionUpload;
  readonly signal: AbortSignal;
  readonly dispose: (reason: unknown) => void;
};

async function readUpload(req: Request, res: Response, deps: ChangesDeps, signal: AbortSignal): Promise<Upload> {
  refuseCompressed(req);
  if (mediaType(req) === 'multipart/form-data') {
    return readVersionForm(req, res, deps.settings.limits.model_upload_bytes, signal);
  }
  if (mediaType(req) !== 'application/json') {
    throw new FacepoolError('unsupported_media', 'A version comes as multipart/form-data or as application/json.');
  }
  const body = await readStrictJson(req, res, stageRequestSchema, signal, MAX_BODY_BYTES);
  const files = body.files.map((file): VersionFile => {
    if (!('text' in file)) return file;
    return { name: file.name, stream: Readable.from([Buffer.from(file.text)]) };
  });
  return { upload: { ...body, files }, signal, dispose: () => undefined };
}

async function findVersion({ rollout }: ChangesDeps, model: string, version: string): Promise<VersionRow> {
  const { versions } = await rollout.versions(model);
  const found = versions.find((row) => row.version === version);
  if (found !== undefined) return found;
  const names = versions.map((row) => row.version).join(', ');
  throw new FacepoolError(
    'not_found',
    `There is no version "${version.slice(0, 64)}" of ${model}; there are: ${names}.`,
    {
      param: 'version',
    },
  );
}

async function remove(req: Request, res: Response, deps: ChangesDeps): Promise<void> {
  readQuery('/v1/models/{model}/versions/{version}', req.url, []);
  refuseWhenClosing(deps);
  const model = pathPart(req, 'model');
  const version = pathPart(req, 'version');
  await audited(deps.audit, req, { action: 'model.remove', target: model, version }, async () => {
    await refuseInUse(deps, model, version);
    await deps.staging.remove(model, version, callerName(callerOf(req)));
  });
  res.status(204).end();
}

/** @throws FacepoolError `not_found`, `conflict` */
async function refuseInUse(deps: ChangesDeps, model: string, version: string): Promise<void> {
  const { source, aliases } = await findVersion(deps, model, version);
  const refused = (why: string): FacepoolError =>
    new FacepoolError('conflict', `${model}/${version} cannot be removed: ${why}.`, { param: 'version' });
  if (source === 'bundled') throw refused('it came with facepool');
  // What a rollback would go back to may be thrown away: then there is no way back.
  const serving = aliases.filter((alias) => alias !== 'previous');
  if (serving.length > 0) throw refused(`it is ${serving.join(' and ')}`);
  const { swap } = await deps.rollout.versions(model);
  if (swap !== null && swap.ended === null && [swap.from, swap.to].includes(version)) throw refused('a swap uses it');
}
