/** HTTP over the admin socket. */
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Problem, problemSchema } from '../contract/results.ts';
import { CliError } from './cli-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export type ClientRequest = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query, e.g. `/v1/models?wait=true`. */
  readonly path: string;
  readonly body?:
    | { readonly type: string; readonly bytes: Uint8Array }
    | {
        readonly type: string;
        readonly stream: Readable;
        /** Bytes; without it the body is sent in chunks. */
        readonly length?: number;
      }
    | undefined;
  /** The ETag of what was read: refused where it is another by now. */
  readonly ifMatch?: string | undefined;
  /** Default: JSON or text. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type Client = {
  readonly socketPath: string;
  /** The parsed JSON of a 2xx answer. Throws `CliError`: no server (3), refused (4), failed (1). */
  json(request: ClientRequest): Promise<unknown>;
  /** The same, with the answer's ETag where it has one. */
  tagged(request: ClientRequest): Promise<{ readonly body: unknown; readonly tag: string | undefined }>;
  /** The body of a 2xx answer as it comes. Throws like `json`. */
  stream(request: ClientRequest): Promise<IncomingMessage>;
};

/** What was to be sent could not be read: asking the server again changes nothing. */
export class UnreadableError extends CliError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(EXIT.failure, message, options);
    this.name = 'UnreadableError';
  }
}

/** There is no server, or it went away before it had answered: it may be back later. */
export class AwayError extends CliError {
  constructor(exitCode: ExitCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(exitCode, message, options);
    this.name = 'AwayError';
  }
}

const CLOSED = 'the server closed the connection before it answered';

export function createClient(socketPath: string): Client {
  const stream = async (wanted: ClientRequest): Promise<IncomingMessage> => {
    const answer = await send(socketPath, wanted);
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) throw refusal(status, await textOf(answer), retryAfterOf(answer));
    return answer;
  };
  const tagged: Client['tagged'] = async (wanted) => {
    const answer = await stream(wanted);
    const body = await textOf(answer);
    try {
      return { body: JSON.parse(body) as unknown, tag: answer.headers.etag };
    } catch (error) {
      throw new CliError(EXIT.failure, 'the server’s answer is not JSON', { cause: error });
    }
  };
  return { socketPath, stream, tagged, json: async (wanted) => (await tagged(wanted)).body };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  try {
    return await text(answer);
  } catch (error) {
    throw new AwayError(EXIT.failure, CLOSED, { cause: error });
  }
}

function send(socketPath: string, wanted: ClientRequest): Promise<IncomingMessage> {
  const { method = 'GET', path, body, accept = 'application/json, text/plain', ifMatch, signal } = wanted;
  const length = body !== undefined && 'bytes' in body ? body.bytes.byteLength : body?.length;
  const headers = {
    Host: 'localhost',
    Accept: accept,
    ...(body === undefined ? {} : { 'Content-Type': body.type }),
    ...(length === undefined ? {} : { 'Content-Length': length }),
    ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
  };
  return new Promise((resolve, reject) => {
    // One connection per request: agents keep sockets open and would hold the process.
    const call = request({ socketPath, method, path, headers, agent: false, signal });
    call.once('response', (answer) => {
      // Where it came before everything was sent, the rest is not wanted.
      answer.once('end', () => call.destroy());
      resolve(answer);
    });
    let unread: Error | null = null;
    call.on('error', (error) => reject(unread ?? explain(error, socketPath)));
    if (body === undefined || 'bytes' in body) call.end(body?.bytes);
    else {
      body.stream.on('error', (error: Error) => {
        unread = new UnreadableError(`a file cannot be read to its end: ${error.message}`, { cause: error });
        call.destroy(error);
      });
      call.once('close', () => body.stream.destroy());
      body.stream.pipe(call);
    }
  });
}

function explain(error: NodeJS.ErrnoException, socketPath: string): CliError {
  const { code } = error;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    const message = `no server answers on ${socketPath}; start one with: facepool start`;
    return new AwayError(EXIT.noServer, message, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const message = `no permission to open ${socketPath}; run this as the user that runs the server`;
    return new CliError(EXIT.failure, message, { cause: error });
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new AwayError(EXIT.failure, CLOSED, { cause: error });
  }
  return new CliError(EXIT.failure, `cannot talk to the server on ${socketPath}: ${error.message}`, { cause: error });
}

function refusal(status: number, body: string, retryAfterS: number | undefined): CliError {
  const problem = readProblem(body);
  const exitCode = status < 500 ? EXIT.refused : EXIT.failure;
  if (problem === undefined) return new CliError(exitCode, `the server answered with status ${status}`);
  return new CliError(exitCode, `${problem.code}: ${problem.detail}`, { problem, retryAfterS });
}

function retryAfterOf({ headers }: IncomingMessage): number | undefined {
  const value = headers['retry-after'];
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

function readProblem(body: string): Problem | undefined {
  try {
    return problemSchema.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}
