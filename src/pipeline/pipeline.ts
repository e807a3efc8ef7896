/** The pipeline as the outer layers know it. */
import type { Pipeline, RequestContext } from '../contract/services.ts';
import type { RouterSession } from '../router/routers.ts';
import type { PipelineDeps } from './deps.ts';
import { detect } from './detect.ts';
import { embed } from './embed.ts';
import { liveness } from './liveness.ts';
import { recognize } from './recognize.ts';
import { verify } from './verify.ts';

export type CreatePipelineDeps = Omit<PipelineDeps, 'model'> & {
  /** `client`: who asks. */
  readonly begin: (client: string) => RouterSession;
};

/** Every request keeps the versions of models that it began with. */
export function createPipeline({ begin, ...common }: CreatePipelineDeps): Pipeline {
  const inSession =
    <R extends RequestContext, A>(run: (deps: PipelineDeps, request: R) => Promise<A>) =>
    async (request: R): Promise<A> => {
      const session = begin(request.client ?? request.requestId);
      try {
        return await run({ ...common, model: session.model }, request);
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
  };
}
