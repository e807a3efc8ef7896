/**
 * A copy of the store, made while it is used. Only checkpoints change the file, and they say which pages: those are
 * copied again, the last of them in one go with a checkpoint of their own. SQLite's backup does the same in a
 * thread beside ours, where it contends for the connection and fails under load.
 */
import { Buffer } from 'node:buffer';
import { closeSync, fsync, fsyncSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { fileErrorCode } from '../../contract/storage-errors.ts';
import { openPrivate } from '../../util/private-file.ts';
import { conflict } from './context.ts';
import type { PeopleDatabase } from './database.ts';
import { unavailable } from './faults.ts';

/** Copied in one step. */
const STEP_BYTES = 512 * 1024;
/** So few are copied in one go with the end. */
const FEW_PAGES = 256;
/** Rounds over what was written meanwhile; then the rest is copied in one go, however much it is. */
const MOST_ROUNDS = 8;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
/** In another thread: it may take seconds. */
const sync = promisify(fsync);

/** So that a name survives a power cut. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function copyBytes(database: PeopleDatabase, target: number, at: number, chunk: Buffer): number {
  const read = database.read(chunk, at);
  for (let written = 0; written < read; ) {
    written += writeSync(target, chunk, written, read - written, at + written);
  }
  return read;
}

async function copyAll(database: PeopleDatabase, target: number, stopIfCancelled: () => void): Promise<void> {
  const { pageBytes } = database;
  const changed = new Set<number>();
  const stop = database.onCheckpoint((pages) => {
    for (const page of pages) changed.add(page);
  });
  const page = Buffer.alloc(pageBytes);
  const copyPages = (numbers: Iterable<number>): void => {
    for (const number of numbers) copyBytes(database, target, (number - 1) * pageBytes, page);
  };
  try {
    const chunk = Buffer.alloc(STEP_BYTES);
    for (let at = 0, read = 0; (read = copyBytes(database, target, at, chunk)) > 0; at += read) {
      await turn();
      stopIfCancelled();
    }
    for (let round = 0; round < MOST_ROUNDS && changed.size > FEW_PAGES; round++) {
      const numbers = [...changed];
      changed.clear();
      for (let i = 0; i < numbers.length; i += FEW_PAGES) {
        copyPages(numbers.slice(i, i + FEW_PAGES));
        await turn();
        stopIfCancelled();
      }
    }
    await sync(target);
    stopIfCancelled();
    database.checkpoint();
    copyPages(changed);
    ftruncateSync(target, database.fileBytes());
  } finally {
    stop();
  }
  await sync(target);
}

/**
 * A new file, mode 0600, whole and synced; none where it fails.
 * @throws FacepoolError `conflict` where there is a file of that name; else what `toFault` understands
 */
export async function backupTo(database: PeopleDatabase, file: string, isCancelled: () => boolean): Promise<void> {
  let target: number;
  try {
    target = openPrivate(file, 'wx');
  } catch (error) {
    throw fileErrorCode(error) === 'EEXIST' ? conflict('there is a file of that name') : error;
  }
  try {
    await copyAll(database, target, () => {
      if (isCancelled()) throw unavailable('the backup was broken off');
    });
    syncFolder(path.dirname(file));
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(target);
  }
}
