/** Who asks, for the share of the traffic that another version gets: the same client always gets the same one. */
import type { IncomingMessage } from 'node:http';
import { callerOf } from '../auth/caller.ts';
import { FacepoolError } from '../contract/errors.ts';

export const MAX_CLIENT_ID_BYTES = 200;

/**
 * The header `X-Client-Id`, else the id of the API key; undefined where there is neither.
 * @throws FacepoolError `invalid_argument` for a header that is too long
 */
export function clientOf(req: IncomingMessage): string | undefined {
  const header = req.headers['x-client-id'];
  const given = (Array.isArray(header) ? header.join(',') : header)?.trim();
  if (given !== undefined && given !== '') {
    // Node gives one character for each byte of a header.
    if (given.length <= MAX_CLIENT_ID_BYTES) return given;
    throw new FacepoolError('invalid_argument', `X-Client-Id may have ${MAX_CLIENT_ID_BYTES} bytes at most.`, {
      param: 'X-Client-Id',
    });
  }
  const caller = callerOf(req);
  return caller?.kind === 'key' ? caller.id : undefined;
}
