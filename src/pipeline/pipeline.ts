/** The pipeline as the outer layers know it. */
import { FacepoolError } from '../contract/errors.ts';
import type { Pipeline, RequestContext } from '../contract/services.ts';
import type { RouterSession } from '../router/routers.ts';
import { KeyedLock } from '../util/keyed-lock.ts';
import type { EmbedIn, PipelineDeps } from './deps.ts';
import { detect } from './detect.ts';
import { embed } from './embed.ts';
import { enrol } from './enrol.ts';
import { liveness } from './liveness.ts';
import { recognize } from './recognize.ts';
import { search } from './search.ts';
import { verify } from './verify.ts';

export type CreatePipelineDeps = Omit<PipelineDeps, 'model' | 'embedIn' | 'enrolments'> & {
  /** `client`: who asks. `stable`: no version that is on trial. */
  readonly begin: (client: string, only?: 'stable') => RouterSession;
  /** Without it a request embeds in the space of the version that answers it, and in no other. */
  readonly embedIn?: EmbedIn | undefined;
};

/** Every request keeps the versions of models that it began with. */
export function createPipeline({ begin, embedIn = inNoOtherSpace, ...common }: CreatePipelineDeps): Pipeline {
  const enrolments = new KeyedLock();
  const inSession =
    <R extends RequestContext, A>(run: (deps: PipelineDeps, request: R) => Promise<A>, only?: 'stable') =>
    async (request: R): Promise<A> => {
      const session = begin(request.client ?? request.requestId, only);
      try {
        return await run({ ...common, embedIn, enrolments, model: session.model }, request);
      } finally {
        session.end();
      }
    };
  return {
    detect: inSession(detect),
    recognize: inSession(recognize),
    liveness: inSession(liveness),
    embed: inSession(embed),
    verify: inSession(verify),
    search: inSession(search),
    // What is stored outlives a trial, and a collection is bound by its first face.
    enrol: inSession(enrol, 'stable'),
  };
}

async function inNoOtherSpace(model: string, space: string): Promise<never> {
  throw new FacepoolError('space_mismatch', `no version of ${model} that serves here embeds in "${space}"`);
}
