/** Who somebody may be: by a picture's largest face, or by an embedding. Mounted at the root and under `/v1`. */
import { Router } from 'express';
import type { OptionName } from '../../contract/options.ts';
import { ONE_PICTURE } from '../body/slots.ts';
import { EMBEDDING_MEMBER, readEmbedding, refuseBesides } from '../embedding-body.ts';
import { type PeopleDeps, peopleEndpoint } from '../people-request.ts';
import { answerPictures, pictureAt } from '../picture-request.ts';
import { addEndpoints } from '../route.ts';
import { sendJson } from '../send.ts';

/** Those that say something of an embedding. */
export const EMBEDDING_SEARCH_OPTIONS: readonly OptionName[] = [
  'top_k',
  'collection',
  'match_threshold',
  'recognizer',
  'timeout_ms',
];

export function searchRouter(deps: PeopleDeps): Router {
  const { pipeline, control, settings, memory } = deps;
  const router = Router();
  const search = peopleEndpoint(
    deps,
    'infer',
    async (req, res) => {
      const answer = await answerPictures(
        req,
        res,
        { control, limits: settings.limits, memory },
        {
          name: 'search',
          slots: ONE_PICTURE,
          instead: EMBEDDING_MEMBER,
          run: async (context, upload) => {
            if (upload.instead === undefined) return pipeline.search({ ...context, image: pictureAt(upload) });
            refuseBesides(context.options, EMBEDDING_SEARCH_OPTIONS);
            return pipeline.search({ ...context, embedding: readEmbedding(upload.instead) });
          },
        },
      );
      sendJson(res, answer);
    },
    'search',
  );
  addEndpoints(router, '/search', { post: search });
  return router;
}
