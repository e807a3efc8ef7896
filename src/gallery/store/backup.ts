/** A copy of the store, made while it is used: SQLite carries what is written meanwhile into it. */
import { Buffer } from 'node:buffer';
import { closeSync, fstatSync, fsyncSync, openSync, readSync, rmSync } from 'node:fs';
import path from 'node:path';
import { backup } from 'node:sqlite';
import { fileErrorCode } from '../../contract/storage-errors.ts';
import { openPrivate } from '../../util/private-file.ts';
import { conflict } from './context.ts';
import type { PeopleDatabase } from './database.ts';
import { unavailable } from './faults.ts';
import { pageNumbers, scrubPages } from './scrub.ts';

/** Pages that are copied in one step: half a megabyte. */
const COPY_PAGES = 64;
const SCRUB_PAGES = 1024;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** So that a name survives a power cut. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The size of a page is the 16-bit number at byte 16, where 1 is 65,536. */
function pageBytesOf(descriptor: number): number {
  const head = Buffer.alloc(2);
  readSync(descriptor, head, 0, head.length, 16);
  const size = head.readUInt16BE(0);
  return size === 1 ? 65_536 : size;
}

/** What was deleted and still lies in the gaps of cached pages goes into a copy too. */
async function scrubCopy(file: string, stopIfCancelled: () => void): Promise<void> {
  const descriptor = openSync(file, 'r+');
  try {
    const pageBytes = pageBytesOf(descriptor);
    const last = Math.floor(fstatSync(descriptor).size / pageBytes);
    for (let first = 1; first <= last; first += SCRUB_PAGES) {
      stopIfCancelled();
      scrubPages(descriptor, pageBytes, pageNumbers(first, Math.min(first + SCRUB_PAGES - 1, last)));
      await turn();
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A new file, mode 0600, whole and synced; none where it fails.
 * @throws FacepoolError `conflict` where there is a file of that name; else what `toFault` understands
 */
export async function backupTo(database: PeopleDatabase, file: string, isCancelled: () => boolean): Promise<void> {
  try {
    closeSync(openPrivate(file, 'wx'));
  } catch (error) {
    throw fileErrorCode(error) === 'EEXIST' ? conflict('there is a file of that name') : error;
  }
  const stopIfCancelled = (): void => {
    if (isCancelled()) throw unavailable('the backup was broken off');
  };
  try {
    await backup(database.sql.db, file, { rate: COPY_PAGES, progress: stopIfCancelled });
    await scrubCopy(file, stopIfCancelled);
    syncFolder(path.dirname(file));
  } catch (error) {
    for (const name of [file, `${file}-journal`]) rmSync(name, { force: true });
    throw error;
  }
}
