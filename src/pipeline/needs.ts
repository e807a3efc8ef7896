/** How far a picture goes through the pipeline. */
import type { FaceField } from '../contract/options.ts';

/** How far to go. */
export type Needs = {
  readonly quality: boolean;
  readonly embedding: boolean;
  readonly liveness: boolean;
  readonly jpeg: boolean;
};

/** What has to run so that the fields can be told. */
export function needsOf(fields: ReadonlySet<FaceField>): Needs {
  return {
    quality: fields.has('quality') || fields.has('ood'),
    embedding: fields.has('embedding'),
    liveness: fields.has('liveness'),
    jpeg: fields.has('crop'),
  };
}
