/** Where a request carries its API key. */
import type { IncomingHttpHeaders } from 'node:http';
import { FacepoolError } from '../contract/errors.ts';

/**
 * The key of `Authorization: Bearer <key>` or `x-api-key: <key>`; null without one. Other schemes of Authorization are
 * not ours: a proxy in front may have asked for a password of its own.
 * @throws FacepoolError `unauthorized` for two different keys
 */
export function readCredentials(headers: IncomingHttpHeaders): string | null {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? null;
  const given = headers['x-api-key'];
  // Node joins a header that is repeated with a comma, which no key has.
  const plain = (Array.isArray(given) ? given.join(',') : given)?.trim() || null;
  if (bearer !== null && plain !== null && bearer !== plain) {
    throw new FacepoolError('unauthorized', 'Two different API keys were sent, in Authorization and in x-api-key.');
  }
  return bearer ?? plain;
}
