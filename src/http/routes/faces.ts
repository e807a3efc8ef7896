/** The routes that take pictures: detect, recognize, liveness, embed (one picture) and verify (two). */
import { type Request, type Response, Router } from 'express';
import { FacepoolError } from '../../contract/errors.ts';
import type { RouteName } from '../../contract/options.ts';
import type { FacesAnswer, VerifyAnswer } from '../../contract/results.ts';
import type { Control, Pipeline, RequestContext } from '../../contract/services.ts';
import type { Settings } from '../../contract/settings.ts';
import { orAbort } from '../../util/abort.ts';
import { ONE_PICTURE, type PictureSlot, TWO_PICTURES } from '../body/slots.ts';
import { uploadReader } from '../body/upload.ts';
import { UploadMemory } from '../body/upload-memory.ts';
import { clientOf } from '../client-id.ts';
import { startDeadline } from '../deadline.ts';
import type { Gate } from '../gate.ts';
import { parseOptions, queryPairs } from '../options.ts';
import { stateOf } from '../request-state.ts';
import { addRoute } from '../route.ts';
import { sendJson } from '../send.ts';

type Answer = FacesAnswer | VerifyAnswer;
type Run = (context: RequestContext, pictures: readonly Buffer[]) => Promise<Answer>;

/** A router with all five, to be mounted at the root and under `/v1`. */
export function facesRouter(
  pipeline: Pipeline,
  control: Pick<Control, 'stopping'>,
  limits: Settings['limits'],
  gate: Gate,
): Router {
  const router = Router();
  const memory = new UploadMemory(() => limits.upload_memory_bytes);
  const add = (name: RouteName, slots: readonly PictureSlot[], run: Run) => {
    addRoute(
      router,
      'post',
      `/${name}`,
      name,
      gate('infer'),
      pictureHandler(name, slots, run, control, limits, memory),
    );
  };
  for (const name of ['detect', 'recognize', 'liveness', 'embed'] as const) {
    add(name, ONE_PICTURE, (context, pictures) => pipeline[name]({ ...context, image: pictureAt(pictures, 0) }));
  }
  add('verify', TWO_PICTURES, (context, pictures) =>
    pipeline.verify({ ...context, source: pictureAt(pictures, 0), target: pictureAt(pictures, 1) }),
  );
  return router;
}

function pictureHandler(
  name: RouteName,
  slots: readonly PictureSlot[],
  run: Run,
  control: Pick<Control, 'stopping'>,
  limits: Settings['limits'],
  memory: UploadMemory,
) {
  return async (req: Request, res: Response): Promise<void> => {
    // The limit of now: a reload may change it.
    const readUpload = uploadReader(slots, limits.upload_bytes);
    if (control.stopping()) throw new FacepoolError('shutting_down', 'The server is shutting down.');
    const query = queryPairs(req.url);
    // Before the upload is read: a mistake in the address should not cost twenty megabytes.
    const early = parseOptions(name, query);
    const client = clientOf(req);
    const deadline = startDeadline(res, limits, early.timeout_ms);
    const lease = memory.lease();
    let running: Promise<unknown> = Promise.resolve();
    try {
      const upload = await readUpload(req, res, deadline.signal, lease);
      const options = upload.options.length === 0 ? early : parseOptions(name, [...query, ...upload.options]);
      deadline.set(options.timeout_ms);
      const state = stateOf(req);
      const context = { requestId: state.id, client, options, signal: deadline.signal };
      const answering = run(context, upload.pictures);
      running = answering;
      const answer = await orAbort(answering, deadline.signal);
      if ('faces' in answer) state.faces = answer.faces.length;
      sendJson(res, answer);
    } finally {
      deadline.dispose();
      const release = () => lease.release();
      // After a deadline the pipeline may hold the pictures a moment longer than the client waits.
      void running.then(release, release);
    }
  };
}

function pictureAt(pictures: readonly Buffer[], index: number): Buffer {
  const picture = pictures[index];
  if (picture === undefined) throw new RangeError(`the upload reader gave no picture ${index}`);
  return picture;
}
