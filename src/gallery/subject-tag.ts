/** A subject as an entity tag: who changes it says which state of it was seen. */
import { createHash } from 'node:crypto';
import { FacepoolError } from '../contract/errors.ts';
import type { Subject } from '../contract/people.ts';

const LENGTH = 22;

/** Another one for every other state that the API can tell of it. */
export function subjectTag({ id, subject, metadata, faces, updated_at }: Subject): string {
  const state = JSON.stringify([id, subject, metadata, faces, updated_at]);
  return createHash('sha256').update(state).digest('base64url').slice(0, LENGTH);
}

/**
 * @param expected the tag that was seen; undefined: whatever it is
 * @throws FacepoolError `conflict`
 */
export function expectTag(subject: Subject, expected: string | undefined): void {
  if (expected === undefined || subjectTag(subject) === expected) return;
  throw new FacepoolError('conflict', 'the subject was changed meanwhile: read it again', { param: 'If-Match' });
}
