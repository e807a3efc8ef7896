/**
 * One server per data directory. The lock is the kernel's: SQLite holds it on `server.lock` while the database is open
 * for writing alone, so that it goes with the process, however that dies, and no stale lock and no reused pid can
 * deceive. `server.pid` beside it only tells people who holds it.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FacepoolError } from '../contract/errors.ts';

export type DataDirLock = {
  readonly dataDir: string;
  /** Gives the directory free. Safe to call twice. */
  release(): void;
};

const SQLITE_BUSY = 5;

/** A database that nobody refers to is closed by the garbage collector, and the lock with it. */
const heldLocks = new Set<DatabaseSync>();

/**
 * Makes the data directory (0700) and takes it. Throws `conflict` where another server has it (the message names its
 * pid), `forbidden` where it cannot be made or written.
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const pidFile = join(dataDir, 'server.pid');
  makeDataDir(dataDir);
  const held = takeLock(join(dataDir, 'server.lock'), () => conflict(dataDir, pidFile));
  writeFileSync(pidFile, `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`, { mode: 0o600 });
  let released = false;
  return {
    dataDir,
    release() {
      if (released) return;
      released = true;
      rmSync(pidFile, { force: true });
      heldLocks.delete(held);
      held.close();
    },
  };
}

function makeDataDir(dataDir: string): void {
  try {
    const made = mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (made !== undefined) chmodSync(dataDir, 0o700);
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

function takeLock(file: string, refuse: () => FacepoolError): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('BEGIN EXCLUSIVE');
    chmodSync(file, 0o600);
    heldLocks.add(db);
    return db;
  } catch (error) {
    db?.close();
    const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
    throw busy ? refuse() : unusable(file, error);
  }
}

function unusable(path: string, cause: unknown): FacepoolError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FacepoolError('forbidden', `cannot use ${path} as data_dir: ${why}`, { cause });
}

function conflict(dataDir: string, pidFile: string): FacepoolError {
  return new FacepoolError(
    'conflict',
    `another server${holder(pidFile)} uses the data directory ${dataDir}; stop it, or start this one with another --data-dir`,
  );
}

/** ` (pid 123, since …)`, or nothing while the other one has not written it yet. */
function holder(pidFile: string): string {
  try {
    const found: unknown = JSON.parse(readFileSync(pidFile, 'utf8'));
    if (typeof found !== 'object' || found === null || !('pid' in found) || !('since' in found)) return '';
    return ` (pid ${String(found.pid)}, since ${String(found.since)})`;
  } catch {
    return '';
  }
}
