/** The file of the history: opened, made, set aside. */
import { chmodSync, closeSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateDir, openPrivate } from '../../util/private-file.ts';
import { StoreError } from './faults.ts';

/** `face` in ASCII: the file is ours. */
const APPLICATION_ID = 0x66_61_63_65;
const SCHEMA_VERSION = 1;
/** Three or four chunks are on a page; on one of 4 KB only one would be. */
const PAGE_BYTES = 8192;
/** Pages after which the log is written into the database: every few minutes. */
const CHECKPOINT_PAGES = 256;
const BUSY_MS = 1000;

/**
 * `pending`: samples of the last minutes, a row for each second. When a window of time is over they become chunks.
 * `chunk`: `t` is the begin of its window in milliseconds.
 */
const SCHEMA = `
  CREATE TABLE series (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, about TEXT NOT NULL, kind TEXT, UNIQUE (type, name)
  );
  CREATE TABLE pending (t INTEGER NOT NULL, data TEXT NOT NULL);
  CREATE TABLE chunk (tier INTEGER NOT NULL, t INTEGER NOT NULL, series INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE UNIQUE INDEX chunk_place ON chunk (tier, t, series);
  CREATE TABLE event (
    id TEXT PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, severity TEXT NOT NULL, subject TEXT,
    text TEXT NOT NULL, details TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX event_at ON event (at);
`;

/** Opens or makes the file, mode 0600. Throws what {@link toFault} understands. */
export function openDatabase(file: string): DatabaseSync {
  makePrivateDir(path.dirname(file));
  // SQLite gives its log the mode of the database, so it has to be right before.
  closeSync(openPrivate(file, 'a'));
  chmodSync(file, 0o600);
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    prepareDatabase(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepareDatabase(db: DatabaseSync): void {
  // One process, one connection: so there is no shared memory file, which a full disk would make deadly (SIGBUS).
  db.exec('PRAGMA locking_mode = EXCLUSIVE');
  const version = pragma(db, 'user_version');
  const application = pragma(db, 'application_id');
  const isEmpty = pragma(db, 'page_count') === 0 || (version === 0 && application === 0 && tables(db) === 0);
  if (!isEmpty && application !== APPLICATION_ID) throw new StoreError('damaged', 'history.db is no history');
  if (version > SCHEMA_VERSION) {
    throw new StoreError('newer', `history.db was written by a later version of facepool (schema ${version})`);
  }
  if (isEmpty) db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
  db.exec('PRAGMA journal_mode = WAL');
  // The log is synced when it goes into the database, not at every second: what a power cut takes is a few minutes at
  // most and never the whole; the death of the process takes nothing that was written.
  db.exec(`PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.exec('PRAGMA journal_size_limit = 0');
  if (!isEmpty) return;
  db.exec(
    `BEGIN; ${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
  );
}

function tables(db: DatabaseSync): number {
  return Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
}

export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

/** Bytes on disk, the log among them. */
export function databaseBytes(file: string): number {
  return [file, `${file}-wal`].reduce((sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** A number that changes when the file is another one; null when it is gone. */
export function fileIdentity(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}

/**
 * Renames a file that cannot be used, so that a person can look at it and a new one can begin. Only the last one is kept.
 * @returns the new name, without folder
 */
export function setAside(file: string, now: Date): string {
  const folder = path.dirname(file);
  const prefix = `${path.basename(file)}.corrupt-`;
  for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(path.join(folder, name), { force: true });
  const name = `${prefix}${now.toISOString().replaceAll(':', '').replace(/\..*/, 'Z')}`;
  if (existsSync(file)) renameSync(file, path.join(folder, name));
  for (const rest of ['-wal', '-shm', '-journal']) rmSync(`${file}${rest}`, { force: true });
  return name;
}
