/** Ending a server: what runs is answered, what comes meanwhile is refused, and nobody who asks nothing holds it up. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A connection that was made and says nothing (a browser's spare one, a health check) may be about to ask; so long it may. */
export const SILENT_GRACE_MS = 500;

/**
 * Watches the connections of a server that does not listen yet.
 *
 * @returns closes the server. While requests run it stays reachable, so that those who come (load balancers among them)
 *   hear from the app that it stops; their connections end with the answer. After that nothing more is taken. What
 *   still runs after `graceMs` is cut.
 */
export function closable(server: Server): (graceMs: number) => Promise<void> {
  /** Connected, and never asked anything. Node counts them as busy until `headersTimeout`. */
  const silent = new Set<Socket>();
  const running = new Set<ServerResponse>();
  let closing = false;
  let ending = false;

  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  const closeIdle = (): void => {
    if (ending) setImmediate(() => server.closeIdleConnections());
  };
  /** The connection ends with this answer, which says so. */
  const endWith = (res: ServerResponse): void => {
    if (!res.headersSent) res.shouldKeepAlive = false;
  };
  server.prependListener('request', (req: IncomingMessage, res: ServerResponse) => {
    silent.delete(req.socket);
    running.add(res);
    if (closing) endWith(res);
    // Where the headers said otherwise Node would keep the connection for `keepAliveTimeout`.
    req.once('close', closeIdle);
    res.once('close', () => {
      running.delete(res);
      closeIdle();
    });
  });

  const end = (graceMs: number): Promise<void> =>
    new Promise((resolve) => {
      ending = true;
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

  return async (graceMs) => {
    closing = true;
    for (const res of running) endWith(res);
    const endsAt = performance.now() + graceMs;
    await allClosed(running, graceMs);
    await end(Math.max(0, endsAt - performance.now()));
  };
}

/** Resolves when the responses that run now are over, or after `graceMs`. */
function allClosed(running: ReadonlySet<ServerResponse>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, graceMs);
    const closed = [...running].map((res) => new Promise<void>((done) => res.once('close', () => done())));
    void Promise.all(closed).then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
