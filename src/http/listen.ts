/** Opening and closing the TCP port. */
import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FacepoolError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import { closable } from './close.ts';
import { deferContinue } from './continue.ts';

/** Longer than the idle timeout of common proxies, so that they close first and never write to a closed socket. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS = 20_000;
/** Added to the longest deadline: a request that reaches it is answered by us, not cut by Node. */
const REQUEST_EXTRA_MS = 15_000;
/** Node has one limit for all requests of a port: where models are uploaded, it has to do for those. */
export const MODEL_UPLOAD_MS = 3_600_000;

export type HttpServer = {
  readonly server: Server;
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, lets running requests end, and cuts what is left after `graceMs`. */
  close(graceMs: number): Promise<void>;
};

/**
 * Listens on `http.host:http.port`.
 * @throws FacepoolError `conflict` when the port is in use, `forbidden` when it may not be opened,
 *   `invalid_argument` when the host is not an address of this machine
 */
export async function listen(
  app: RequestListener,
  http: Pick<Settings['http'], 'host' | 'port'>,
  limits: Pick<Settings['limits'], 'max_timeout_ms'>,
  admin: Pick<Settings['admin'], 'http'> = { http: false },
): Promise<HttpServer> {
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: admin.http ? MODEL_UPLOAD_MS : Math.max(HEADERS_MS, limits.max_timeout_ms) + REQUEST_EXTRA_MS,
    },
    app,
  );
  deferContinue(server);
  const close = closable(server);
  server.on('clientError', answerBrokenHttp);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, http)));
    server.listen(http.port, http.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const host = http.host.includes(':') ? `[${http.host}]` : http.host;
  return { server, port, url: `http://${host}:${port}`, close };
}

/** A sentence that says which setting to change. */
export function listenError(
  error: NodeJS.ErrnoException,
  http: Pick<Settings['http'], 'host' | 'port'>,
): FacepoolError {
  const at = `${http.host}:${http.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new FacepoolError('conflict', `${at} is in use. Stop the other program or change http.port.`, {
        param: 'http.port',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new FacepoolError('forbidden', `This user may not open ${at}. Use a port from 1024 up (http.port).`, {
        param: 'http.port',
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return new FacepoolError('invalid_argument', `${http.host} is no address of this machine (http.host).`, {
        param: 'http.host',
        cause: error,
      });
    case undefined:
    default:
      return new FacepoolError('internal', `${at} could not be opened: ${error.message}`, { cause: error });
  }
}

/** Bytes that are not HTTP never become a request, so they are answered here, in the barest form. */
function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
