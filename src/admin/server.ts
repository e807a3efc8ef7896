/** The unix socket of the CLI: the whole public API, and the admin routes. Who may open the socket may do everything. */
import { randomUUID } from 'node:crypto';
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import express from 'express';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { AuditLog } from '../auth/audit-log.ts';
import { setCaller } from '../auth/caller.ts';
import { prepareSocketDir } from '../config/socket-path.ts';
import { FacepoolError, toWire } from '../contract/errors.ts';
import type { Observatory } from '../contract/history.ts';
import type { Control } from '../contract/services.ts';
import { createAdminRouter } from './router.ts';

export type AdminLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

export type AdminServerOptions = {
  /** The public app; it answers what the admin routes do not. */
  readonly app: RequestHandler;
  readonly control: Control;
  readonly observatory: Pick<Observatory, 'silence'>;
  /** A name that the app's Host check lets pass (`http.host`): who opened the socket needs no such check. */
  readonly servedHost: () => string;
  /** At most 107 bytes (`fitSocketPath`). */
  readonly socketPath: string;
  readonly log: AdminLog;
  readonly audit: AuditLog;
  /** Writes a problem+json answer. */
  readonly sendProblem: (res: Response, error: unknown, requestId: string) => void;
};

export type AdminServer = {
  /** Resolves when the socket answers. Throws `conflict` where another server does, `forbidden` for an unsafe folder. */
  listen(): Promise<void>;
  /** Ends log streams, waits for other answers up to `graceMs`, then cuts them; the socket file is gone after it. */
  close(graceMs?: number): Promise<void>;
};

const CLOSE_GRACE_MS = 2_000;
/** The weights of a model may come from a slow disk. */
const REQUEST_MS = 3_600_000;

/** For actions that fail when nobody waits for them any more. */
export function logFailedAction(log: Pick<AdminLog, 'warn'>) {
  return (action: string, model: string, error: unknown): void => {
    const { code, message } = toWire(error);
    log.warn({ action, model, code, reason: message }, 'admin action failed');
  };
}

export function createAdminServer(options: AdminServerOptions): AdminServer {
  const { app, control, observatory, servedHost, socketPath, log, audit, sendProblem } = options;
  const closing = new AbortController();
  const onBackgroundError = logFailedAction(log);
  const onError: ErrorRequestHandler = (error, _req, res, _next) => {
    const { code, message, stack } = toWire(error);
    if (code === 'internal') log.warn({ reason: message, stack }, 'admin request failed');
    if (res.headersSent) res.destroy();
    else sendProblem(res, error, randomUUID());
  };
  const asServedHost: RequestHandler = (req, _res, next) => {
    req.headers.host = servedHost();
    next();
  };
  // Who may open the socket has passed the check of the file system.
  const asSocket: RequestHandler = (req, _res, next) => {
    setCaller(req, { kind: 'socket' });
    next();
  };
  const outer = express();
  outer.disable('x-powered-by');
  outer.disable('etag');
  outer.use(asSocket, createAdminRouter(control, { observatory, audit, signal: closing.signal, onBackgroundError }));
  outer.use(asServedHost, app, onError);
  const server = createServer({ requestTimeout: REQUEST_MS }, outer);

  return {
    async listen() {
      prepareSocketDir(socketPath);
      await removeStaleSocket(socketPath);
      await bind(server, socketPath);
      log.info({ socket: socketPath }, 'admin socket is open');
    },
    close(graceMs = CLOSE_GRACE_MS) {
      closing.abort();
      return closeServer(server, graceMs);
    },
  };
}

/** Removes the socket of a server that is gone. Throws `conflict` where one answers, or where a file of another kind stands. */
async function removeStaleSocket(socketPath: string): Promise<void> {
  const found = lstatSync(socketPath, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new FacepoolError('conflict', `${socketPath} exists and is no socket; move it away`);
  if (await answers(socketPath)) {
    throw new FacepoolError('conflict', `another server answers on ${socketPath}; stop it or set another admin.socket`);
  }
  rmSync(socketPath, { force: true });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socketPath);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    // A full backlog (EAGAIN) or a foreign socket (EACCES) belongs to somebody who lives.
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

function bind(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new FacepoolError('conflict', `cannot open the admin socket ${socketPath}: ${error.message}`, { cause: error }),
      );
    });
    // The file is made inside listen(): with this mask it is never open to others, not even for a moment.
    const before = process.umask(0o177);
    try {
      server.listen(socketPath, () => {
        chmodSync(socketPath, 0o600);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
