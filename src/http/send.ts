import type { ServerResponse } from 'node:http';

/** Sends a value as JSON, stringified once. */
export function sendJson(res: ServerResponse, value: unknown, status = 200): void {
  send(res, 'application/json; charset=utf-8', JSON.stringify(value), status);
}

/** Sends a text with its type and length. */
export function send(res: ServerResponse, type: string, text: string, status = 200): void {
  const body = Buffer.from(text);
  res.statusCode = status;
  res.setHeader('Content-Type', type);
  res.setHeader('Content-Length', String(body.length));
  res.end(body);
}
