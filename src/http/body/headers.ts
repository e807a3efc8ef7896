/** What the head of a request says about its body. */
import type { IncomingMessage } from 'node:http';
import { FacepoolError } from '../../contract/errors.ts';

/** Media type in lower case, without parameters; empty when there is none. */
export function mediaType({ headers }: IncomingMessage): string {
  return (headers['content-type']?.split(';', 1)[0] ?? '').trim().toLowerCase();
}

export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0);
}

/** @throws FacepoolError `unsupported_media` for a compressed body */
export function refuseCompressed({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new FacepoolError('unsupported_media', 'Compressed request bodies (Content-Encoding) are not read.');
}
