/** A backup that comes back: streamed to a private file, never held in memory, and gone when it was used. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Request, Response } from 'express';
import { FacepoolError } from '../contract/errors.ts';
import { asStorageError } from '../contract/storage-errors.ts';
import { makePrivateDir } from '../util/private-file.ts';
import { contentLength } from './body/collect.ts';
import { hasBody, mediaType, refuseCompressed } from './body/headers.ts';
import { announceContinue } from './continue.ts';
import { CLIENT_GONE } from './deadline.ts';

export const BACKUP_TYPE = 'application/vnd.sqlite3';
const TYPES: readonly string[] = [BACKUP_TYPE, 'application/x-sqlite3', 'application/octet-stream'];

/** Where uploads lie while they come: `<data_dir>/tmp`. */
export function uploadDir(dataDir: string): string {
  return path.join(dataDir, 'tmp');
}

const PREFIX = 'restore-';

/** For a start: removes what a server left that was killed meanwhile. Only while no other has this data directory. */
export async function cleanUploads(dataDir: string): Promise<void> {
  const folder = uploadDir(dataDir);
  const left = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(PREFIX));
  await Promise.allSettled(left.map((name) => rm(path.join(folder, name), { recursive: true, force: true })));
}

export type RestoreUpload = {
  readonly dataDir: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
};

/**
 * Takes the body to a file (mode 0600), does something with it, and removes it, whatever comes of it.
 * @throws FacepoolError `invalid_argument` (empty), `unsupported_media`, `payload_too_large`, `storage_full`, the signal's
 *   reason, or what `use` throws
 */
export async function withUploadedFile<T>(
  req: Request,
  res: Response,
  { dataDir, maxBytes, signal }: RestoreUpload,
  use: (file: string) => Promise<T>,
): Promise<T> {
  refuseCompressed(req);
  if (!hasBody(req)) throw new FacepoolError('invalid_argument', 'There is no backup in the request: it is the body.');
  if (!TYPES.includes(mediaType(req))) {
    throw new FacepoolError('unsupported_media', `A backup comes as ${TYPES.join(' or ')}.`);
  }
  if ((contentLength(req) ?? 0) > maxBytes) throw tooLarge(maxBytes);
  makePrivateDir(uploadDir(dataDir));
  const file = path.join(uploadDir(dataDir), `${PREFIX}${randomUUID()}`);
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      announceContinue(req, res);
      await receive(req, handle, maxBytes, signal);
    } finally {
      await handle.close();
    }
    return await use(file);
  } catch (error) {
    throw asStorageError(error);
  } finally {
    await rm(file, { force: true });
  }
}

/** The request is left as it is: what is still to come of one that is refused has to be read on. */
function receive(req: Request, handle: FileHandle, maxBytes: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const settle = (outcome: () => void): void => {
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      signal.removeEventListener('abort', onAbort);
      outcome();
    };
    const fail = (error: unknown): void => settle(() => reject(error));
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) return fail(tooLarge(maxBytes));
      // One chunk at a time; the end comes when the last one is written.
      req.pause();
      handle.appendFile(chunk).then(() => req.resume(), fail);
    };
    const onEnd = (): void => {
      if (bytes === 0) fail(new FacepoolError('invalid_argument', 'The backup is empty.'));
      else settle(resolve);
    };
    const onGone = (): void => fail(CLIENT_GONE);
    const onAbort = (): void => fail(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    req.on('error', onGone).on('close', onGone).on('end', onEnd).on('data', onData);
  });
}

function tooLarge(maxBytes: number): FacepoolError {
  return new FacepoolError(
    'payload_too_large',
    `A backup may have ${maxBytes} bytes at most (limits.model_upload_bytes).`,
  );
}
