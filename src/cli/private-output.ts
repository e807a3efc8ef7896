/** Files that a command makes of what the server sends: whole or not there at all, and their owner's only. */
import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/**
 * Writes the stream to `<file>.part` (0600), syncs it, and gives it its name.
 * @param shown the file as messages name it
 * @param open begins the stream, when the file can be written
 * @returns bytes written
 * @throws CliError where the file is there already and `force` is not set, cannot be written, or the stream breaks off;
 *   nothing is left then
 */
export async function writePrivately(
  file: string,
  shown: string,
  force: boolean,
  begin: () => Promise<Readable>,
): Promise<number> {
  const part = `${file}.part`;
  if (!force && (await isThere(file))) {
    throw new CliError(EXIT.failure, `${shown} is there already; --force replaces it`);
  }
  const handle = await create(part, shown);
  try {
    const source = await begin();
    const bytes = await fill(handle, source, shown);
    await rename(part, file);
    await syncFolder(path.dirname(file));
    return bytes;
  } catch (error) {
    await rm(part, { force: true });
    throw error instanceof CliError ? error : cannotWrite(shown, error);
  } finally {
    await handle.close();
  }
}

/** A part that a run before has left is written anew; a link in its place is not followed. */
async function create(part: string, shown: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    await rm(part, { force: true });
    return await open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (error) {
    throw cannotWrite(shown, error);
  }
}

async function fill(handle: FileHandle, source: Readable, shown: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      await handle.appendFile(chunk).catch((error: unknown) => {
        throw cannotWrite(shown, error);
      });
      bytes += chunk.length;
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(EXIT.failure, 'the server went away before everything was sent', { cause: error });
  }
  await handle.sync();
  return bytes;
}

async function isThere(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? null : error,
  );
  if (handle !== null && 'close' in handle) await handle.close();
  return handle !== null;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @param shown the file as messages name it */
export function cannotWrite(shown: string, error: unknown): CliError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const known: Record<string, string> = {
    ENOENT: 'there is no such folder',
    EACCES: 'no permission to write there',
    ENOSPC: 'the disk is full',
    EISDIR: 'it is a directory',
  };
  return new CliError(EXIT.failure, `${shown} cannot be written: ${known[code] ?? code}`, { cause: error });
}
