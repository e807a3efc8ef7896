import type { IncomingMessage, ServerResponse } from 'node:http';

/** Closing a socket with unread bytes resets it, and a reset can overtake the answer; so we read on for this long. */
export const LINGER_MS = 10_000;

/**
 * Drops the rest of a request that was answered early. The connection is reusable when the rest arrives in time,
 * and is closed when it does not.
 */
export function lingerUntilRead(req: IncomingMessage, ms: number = LINGER_MS): void {
  if (req.complete || req.destroyed) {
    req.resume();
    return;
  }
  req.unpipe();
  req.resume();
  const timer = setTimeout(() => req.destroy(), ms);
  timer.unref();
  const settle = () => clearTimeout(timer);
  req.once('end', settle);
  req.once('close', settle);
}

/**
 * Sends the last part of an answer, whose `Content-Length` is set, while its request may still be on its way. Where the
 * connection ends with this answer Node would close it at once, so the end waits until the request was read.
 */
export function endAfterRead(res: ServerResponse, body: Uint8Array): void {
  const { req } = res;
  if (req.complete || req.destroyed || res.shouldKeepAlive) {
    res.end(body);
  } else {
    res.write(body);
    req.once('end', () => res.end());
    req.once('close', () => res.end());
  }
  lingerUntilRead(req);
}
