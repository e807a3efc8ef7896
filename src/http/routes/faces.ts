/** The routes that take pictures: detect, recognize, liveness, embed (one picture) and verify (two). */
import { Router } from 'express';
import type { RouteName } from '../../contract/options.ts';
import type { FacesAnswer, VerifyAnswer } from '../../contract/results.ts';
import type { Pipeline, RequestContext } from '../../contract/services.ts';
import { ONE_PICTURE, type PictureSlot, TWO_PICTURES } from '../body/slots.ts';
import type { CompleteUpload } from '../body/upload.ts';
import type { Gate } from '../gate.ts';
import { answerPictures, pictureAt, type PictureRequestDeps } from '../picture-request.ts';
import { stateOf } from '../request-state.ts';
import { addRoute } from '../route.ts';
import { sendJson } from '../send.ts';

type FacesRoute = Exclude<RouteName, 'search' | 'enrol'>;
type Run = (context: RequestContext, upload: CompleteUpload) => Promise<FacesAnswer | VerifyAnswer>;
type FacesPipeline = Pick<Pipeline, FacesRoute>;

/** A router with all five, to be mounted at the root and under `/v1`. */
export function facesRouter(pipeline: FacesPipeline, gate: Gate, deps: PictureRequestDeps): Router {
  const router = Router();
  const add = (name: FacesRoute, slots: readonly PictureSlot[], run: Run) => {
    addRoute(router, 'post', `/${name}`, name, gate('infer'), async (req, res) => {
      const answer = await answerPictures(req, res, deps, { name, slots, run });
      if ('faces' in answer) stateOf(req).faces = answer.faces.length;
      sendJson(res, answer);
    });
  };
  for (const name of ['detect', 'recognize', 'liveness', 'embed'] as const) {
    add(name, ONE_PICTURE, (context, upload) => pipeline[name]({ ...context, image: pictureAt(upload) }));
  }
  add('verify', TWO_PICTURES, (context, upload) =>
    pipeline.verify({ ...context, source: pictureAt(upload, 0), target: pictureAt(upload, 1) }),
  );
  return router;
}
