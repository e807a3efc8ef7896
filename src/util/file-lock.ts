/** A lock between processes that goes with its holder, however that dies: SQLite's, on an empty database. */
import { closeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { openPrivate } from './private-file.ts';

/** Holders are done in milliseconds; longer than this something is wrong, and the call throws. */
const WAIT_MS = 10_000;

/** Runs `work` while no other process and no other call holds the lock on `file`, which is made where it is missing. */
export function withFileLock<T>(file: string, work: () => T): T {
  closeSync(openPrivate(file, 'a'));
  const db = new DatabaseSync(file, { timeout: WAIT_MS });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return work();
  } finally {
    db.close();
  }
}
