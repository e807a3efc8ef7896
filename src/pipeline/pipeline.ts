/** The pipeline as the outer layers know it. */
import type { Pipeline } from '../contract/services.ts';
import type { PipelineDeps } from './deps.ts';
import { detect } from './detect.ts';
import { embed } from './embed.ts';
import { liveness } from './liveness.ts';
import { recognize } from './recognize.ts';
import { verify } from './verify.ts';

export function createPipeline(deps: PipelineDeps): Pipeline {
  return {
    detect: (request) => detect(deps, request),
    recognize: (request) => recognize(deps, request),
    liveness: (request) => liveness(deps, request),
    embed: (request) => embed(deps, request),
    verify: (request) => verify(deps, request),
  };
}
