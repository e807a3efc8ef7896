import type { ServerResponse } from 'node:http';
import { MAX_SILENT_MS } from './send-chunks.ts';

/** Sends a value as JSON, stringified once. */
export function sendJson(res: ServerResponse, value: unknown, status = 200): void {
  send(res, 'application/json; charset=utf-8', JSON.stringify(value), status);
}

/** Sends a text with its type and length. A client that takes nothing of it for `silentMs` is cut off. */
export function send(
  res: ServerResponse,
  type: string,
  text: string,
  status = 200,
  silentMs: number = MAX_SILENT_MS,
): void {
  const body = Buffer.from(text);
  res.statusCode = status;
  res.setHeader('Content-Type', type);
  res.setHeader('Content-Length', String(body.length));
  const { socket } = res.req;
  // The socket waits as long as anything moves. Afterwards Node's own limit holds, or none where a request waits already.
  res.setTimeout(silentMs);
  res.once('finish', () => {
    if (socket.timeout === silentMs) socket.setTimeout(0);
  });
  res.end(body);
}
