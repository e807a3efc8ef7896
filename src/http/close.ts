/** Ending a server: what runs is answered, and nobody who asks nothing holds it up. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A connection that was made and says nothing (a browser's spare one, a health check) may be about to ask; so long it may. */
export const SILENT_GRACE_MS = 500;

/**
 * Watches the connections of a server that does not listen yet.
 * @returns closes the server: takes no more connections, lets running requests end, and cuts what is left after `graceMs`
 */
export function closable(server: Server): (graceMs: number) => Promise<void> {
  /** Connected, and never asked anything. Node counts them as busy until `headersTimeout`. */
  const silent = new Set<Socket>();
  const running = new Set<ServerResponse>();
  let closing = false;

  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.prependListener('request', (req: IncomingMessage, res: ServerResponse) => {
    silent.delete(req.socket);
    running.add(res);
    if (closing) res.shouldKeepAlive = false;
    res.once('close', () => {
      running.delete(res);
      // Kept alive by headers that were out before: Node would keep it for `keepAliveTimeout`.
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
  });

  return (graceMs) => {
    closing = true;
    for (const res of running) if (!res.headersSent) res.shouldKeepAlive = false;
    return new Promise((resolve) => {
      const cutSilent = setTimeout(
        () => {
          for (const socket of silent) socket.destroy();
        },
        Math.min(SILENT_GRACE_MS, graceMs),
      );
      const cutAll = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(cutSilent);
        clearTimeout(cutAll);
        resolve();
      });
      server.closeIdleConnections();
    });
  };
}
