/** Entity tags of subjects: `ETag` of what is told, `If-Match` of who changes it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FacepoolError } from '../contract/errors.ts';
import type { Subject } from '../contract/people.ts';
import { subjectTag } from '../gallery/subject-tag.ts';

export function setSubjectTag(res: ServerResponse, subject: Subject): void {
  res.setHeader('ETag', `"${subjectTag(subject)}"`);
}

/**
 * The tag that `If-Match` asks for; undefined for none, and for `*`.
 * @throws FacepoolError `invalid_argument` for what is not one strong tag
 */
export function wantedTag(req: IncomingMessage): string | undefined {
  const header = req.headers['if-match']?.trim();
  if (header === undefined || header === '*') return undefined;
  const tag = /^"([!#-~]{1,100})"$/.exec(header)?.[1];
  if (tag !== undefined) return tag;
  throw new FacepoolError('invalid_argument', 'If-Match must be the ETag of the subject: "<tag>".', {
    param: 'If-Match',
  });
}
