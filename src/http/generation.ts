/** The generation of a model's aliases as an entity tag: who changes them says which ones it has seen. */
import type { IncomingMessage } from 'node:http';
import { FacepoolError } from '../contract/errors.ts';

export function generationTag(generation: number): string {
  return `"${generation}"`;
}

/**
 * What `If-Match` or the body's `if_generation` asks for; undefined for neither, and for `*`.
 * @throws FacepoolError `invalid_argument` for a header that is no generation, or not the body's
 */
export function wantedGeneration(req: IncomingMessage, inBody: number | undefined): number | undefined {
  const header = req.headers['if-match']?.trim();
  if (header === undefined || header === '*') return inBody;
  const digits = /^"?(\d{1,15})"?$/.exec(header)?.[1];
  if (digits === undefined) {
    throw new FacepoolError('invalid_argument', 'If-Match must be the ETag of the versions: "<generation>".', {
      param: 'If-Match',
    });
  }
  const wanted = Number(digits);
  if (inBody !== undefined && inBody !== wanted) {
    throw new FacepoolError('invalid_argument', 'If-Match and if_generation name different generations.', {
      param: 'if_generation',
    });
  }
  return wanted;
}
