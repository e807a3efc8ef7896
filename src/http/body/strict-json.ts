/** Small JSON bodies that say what is to be done: every member known, none wrong. */
import type { Request, Response } from 'express';
import type * as z from 'zod';
import { FacepoolError } from '../../contract/errors.ts';
import { announceContinue } from '../continue.ts';
import { collectBody, contentLength } from './collect.ts';
import { hasBody, mediaType, refuseCompressed } from './headers.ts';
import { UploadMemory } from './upload-memory.ts';

export const MAX_JSON_BYTES = 65_536;

/**
 * The body, checked. One that is empty counts as `{}`.
 * @throws FacepoolError `invalid_argument` naming the member at fault, `unsupported_media`, `payload_too_large`, or the
 *   signal's reason
 */
export async function readStrictJson<T>(
  req: Request,
  res: Response,
  schema: z.ZodType<T>,
  signal: AbortSignal,
  maxBytes: number = MAX_JSON_BYTES,
): Promise<T> {
  if (!hasBody(req)) return parseMembers(schema, {});
  refuseCompressed(req);
  if (mediaType(req) !== 'application/json') {
    throw new FacepoolError('unsupported_media', 'This route takes JSON: send Content-Type: application/json.');
  }
  const tooLarge = (): FacepoolError =>
    new FacepoolError('payload_too_large', `The body of this request may have ${maxBytes} bytes at most.`);
  if ((contentLength(req) ?? 0) > maxBytes) throw tooLarge();
  announceContinue(req, res);
  const lease = new UploadMemory(() => maxBytes).lease();
  const body = await collectBody(req, { maxBytes, tooLarge, lease, signal });
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new FacepoolError('invalid_argument', 'The body is not well-formed JSON.', { cause });
  }
  return parseMembers(schema, value);
}

/** @throws FacepoolError `invalid_argument` whose `param` is the member */
export function parseMembers<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String) ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => [...path, key].join('.').slice(0, 40));
    const list = names.map((name) => `"${name}"`).join(', ');
    throw new FacepoolError('invalid_argument', `The body has members that are not known here: ${list}.`, {
      param: names[0],
    });
  }
  const name = path.join('.');
  if (name === '') throw new FacepoolError('invalid_argument', 'The body must be a JSON object.');
  throw new FacepoolError(
    'invalid_argument',
    `"${name}" is not allowed: ${issue?.message ?? 'another value is needed'}.`,
    {
      param: name,
    },
  );
}
