/** `Expect: 100-continue`: the client waits before it sends a large body, so a refusal can save it the upload. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const waiting = new WeakSet<IncomingMessage>();

/** Keeps Node from inviting every body at once; {@link announceContinue} does it when the body is wanted. */
export function deferContinue(server: Server): void {
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    waiting.add(req);
    server.emit('request', req, res);
  });
}

/** Invites the body, if the client waits for that. */
export function announceContinue(req: IncomingMessage, res: ServerResponse): void {
  if (waiting.delete(req)) res.writeContinue();
}
