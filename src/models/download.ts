/** One file over HTTP into a part file, going on where the part ends. */
import { open, stat, truncate } from 'node:fs/promises';
import { FacepoolError } from '../contract/errors.ts';

export type Fetch = typeof globalThis.fetch;

export type DownloadOptions = {
  readonly url: string;
  /** The part file; what it holds already is taken as the beginning. */
  readonly path: string;
  /** Exact size of the file. More is never written. */
  readonly bytes: number;
  readonly fetch?: Fetch | undefined;
  /** Stops the download and leaves the part for a later run. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((receivedBytes: number, totalBytes: number) => void) | undefined;
  /** Gives up when nothing arrives for so long. */
  readonly idleTimeoutMs?: number | undefined;
};

const IDLE_TIMEOUT_MS = 30_000;
/** A broken download is continued this often, and this often in a row when a try brings nothing. */
const MAX_TRIES = 20;
const MAX_EMPTY_TRIES = 2;

/** The server had begun to answer: trying again makes sense. */
class Interrupted extends Error {}

/**
 * Resolves when the part has `bytes` bytes; their sha256 is the caller's to check.
 * @throws FacepoolError `model_missing` saying what went wrong, or the signal's reason
 */
export async function download(options: DownloadOptions): Promise<void> {
  let empty = 0;
  for (let tries = 1; ; tries++) {
    const before = await sizeOf(options.path);
    if (before === options.bytes) return;
    try {
      return await attempt(options, before);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof FacepoolError) throw error;
      empty = (await sizeOf(options.path)) === before ? empty + 1 : 0;
      const again = error instanceof Interrupted && empty <= MAX_EMPTY_TRIES && tries < MAX_TRIES;
      if (!again) throw failure(reasonOf(error), error);
    }
  }
}

async function attempt(options: DownloadOptions, have: number): Promise<void> {
  const { url, path, bytes } = options;
  if (have > bytes) {
    await truncate(path, 0);
    have = 0;
  }
  const idleMs = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Error(`nothing arrived for ${idleMs / 1000} s`)), idleMs);
  const signal = options.signal === undefined ? idle.signal : AbortSignal.any([options.signal, idle.signal]);
  try {
    const response = await request(options.fetch ?? globalThis.fetch, url, have, signal);
    const offset = await startOf(response, path, have, bytes);
    await writeBody(response, { ...options, onData: () => timer.refresh() }, offset);
  } catch (error) {
    // fetch wraps the reason of an abort in its own error.
    if (idle.signal.aborted) throw idle.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function request(fetch: Fetch, url: string, have: number, signal: AbortSignal): Promise<Response> {
  if (!/^https?:$/.test(new URL(url).protocol)) throw failure('only http and https addresses are fetched');
  // A compressed body has another length, and its bytes cannot be continued.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (have > 0) headers['range'] = `bytes=${have}-`;
  return fetch(url, { headers, signal, redirect: 'follow' });
}

/** Where in the file the body begins. Throws when it cannot be the file. */
async function startOf(response: Response, path: string, have: number, bytes: number): Promise<number> {
  const refuse = async (detail: string): Promise<never> => {
    await response.body?.cancel();
    throw failure(detail);
  };
  if (response.status === 416) {
    await response.body?.cancel();
    await truncate(path, 0);
    throw new Interrupted('the server has no such range');
  }
  if (response.status !== 200 && response.status !== 206) return refuse(`HTTP ${response.status}`);
  const offset = response.status === 206 ? have : 0;
  if (response.status === 206 && contentRangeStart(response) !== have) return refuse('the server sent another range');
  const length = response.headers.get('content-length');
  if (length !== null && offset + Number(length) !== bytes) {
    return refuse(`the server offers ${offset + Number(length)} bytes instead of ${bytes}`);
  }
  return offset;
}

function contentRangeStart(response: Response): number {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return match === null ? -1 : Number(match[1]);
}

type WriteOptions = DownloadOptions & { readonly onData: () => void };

async function writeBody(response: Response, options: WriteOptions, offset: number): Promise<void> {
  const { path, bytes, onData, onProgress } = options;
  if (response.body === null) throw failure('the answer is empty');
  const file = await open(path, offset === 0 ? 'w' : 'a');
  let received = offset;
  try {
    onProgress?.(received, bytes);
    for await (const chunk of unbroken(response.body)) {
      onData();
      received += chunk.byteLength;
      if (received > bytes) {
        await file.truncate(0);
        throw failure(`the server sends more than ${bytes} bytes`);
      }
      await file.writeFile(chunk);
      onProgress?.(received, bytes);
    }
  } finally {
    await file.close();
  }
  if (received < bytes) throw new Interrupted(`the connection ended after ${received} of ${bytes} bytes`);
}

/** The chunks; whatever ends them early is an interruption. (Errors of the disk are not: they happen outside.) */
async function* unbroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new Interrupted(reasonOf(error), { cause: error });
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

function failure(detail: string, cause?: unknown): FacepoolError {
  return new FacepoolError('model_missing', detail, { cause });
}

/** `fetch failed` alone helps nobody: the reason is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) {
    const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : '';
    return `${cause.message || error.message}${code}`;
  }
  return error.message;
}
