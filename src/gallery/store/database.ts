/** The file of people: opened, made, brought up to date; its log written into it without a trace of what was deleted. */
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  statfsSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateDir, openPrivate } from '../../util/private-file.ts';
import { damaged, toFault, unavailable } from './faults.ts';
import { prepareKey } from './prepare-key.ts';
import { APPLICATION_ID, MIGRATIONS, migrate, pragma, schemaOf } from './schema.ts';
import { pagesInLog, scrubPages } from './scrub.ts';
import type { Sealer } from './seal.ts';
import { Sql } from './sql.ts';

/** Three embeddings of 512 numbers are on a page; on one of 4 KB only one would be. */
const PAGE_BYTES = 8192;
const CACHE_KB = 16_384;
const BUSY_MS = 1000;
/** A log longer than this goes into the database after the next change. */
const LOG_BYTES = 8 * 1024 * 1024;
/** Left on the disk for deletions, which need room too: their log. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/** Room in the file that is worth filling again. */
const FEW_BYTES = 1024 * 1024;

export type DatabaseOptions = {
  readonly file: string;
  /** 32 bytes; null: not encrypted. */
  readonly key: Uint8Array | null;
  readonly migrations?: readonly string[] | undefined;
  /** Pages that it may have; for tests of a full disk. */
  readonly maxPages?: number | undefined;
  /** Room on the disk, bytes; for tests. */
  readonly freeBytes?: (() => number) | undefined;
};

export type PeopleDatabase = {
  readonly file: string;
  readonly sql: Sql;
  readonly sealer: Sealer;
  /** Writes the log into the database; afterwards nothing that was deleted before is on the disk. Throws where it cannot. */
  checkpoint(): void;
  /** The same, if the log has become long, also for the room that is left: afterwards there would be none to do it in. */
  checkpointIfLong(): void;
  /** False: the disk is as good as full, and only deletions are taken. */
  hasRoom(): boolean;
  /** Bytes on the disk, the log among them. */
  bytes(): number;
  /** Of the file alone. */
  fileBytes(): number;
  /** Bytes of the file as they lie on the disk, without the log. @returns how many were read; 0 at the end */
  read(into: Uint8Array, at: number): number;
  /** Pages of the file that a checkpoint is about to write. @returns the function that ends it */
  onCheckpoint(listener: (pages: readonly number[]) => void): () => void;
  readonly pageBytes: number;
  close(): void;
};

/** What a copy that takes the place of the store is called meanwhile. */
export function incomingFile(file: string): string {
  return `${file}.incoming`;
}

/** File systems that do not tell have room. */
function bytesFree(folder: string): number {
  const { blocks, bavail, bsize } = statfsSync(folder);
  return blocks === 0 ? Infinity : bavail * bsize;
}

/** What is left of a restore that was cut short. */
function removeLeftovers(file: string): void {
  const prefix = path.basename(incomingFile(file));
  const folder = path.dirname(file);
  for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(path.join(folder, name), { force: true });
}

/** @throws what {@link toFault} understands */
export function openDatabase(options: DatabaseOptions): PeopleDatabase {
  const { file } = options;
  makePrivateDir(path.dirname(file));
  removeLeftovers(file);
  // SQLite gives its log the mode of the database, so it has to be right before.
  closeSync(openPrivate(file, 'a'));
  chmodSync(file, 0o600);
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  let descriptor: number | null = null;
  try {
    configure(db);
    // A second descriptor of the same file: closed only after the connection, whose locks would go with it (POSIX).
    descriptor = openSync(file, 'r+');
    return peopleDatabase(db, descriptor, options);
  } catch (error) {
    if (db.isOpen) db.close();
    if (descriptor !== null) closeSync(descriptor);
    throw error;
  }
}

function configure(db: DatabaseSync): void {
  // One process, one connection: so there is no shared memory file, which a full disk would make deadly (SIGBUS).
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
  db.exec(`PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${CACHE_KB}`);
  const isEmpty = pragma(db, 'page_count') === 0;
  if (!isEmpty && pragma(db, 'application_id') !== APPLICATION_ID && schemaOf(db).length > 0) {
    throw unavailable('people.db is not a store of people');
  }
  if (isEmpty) db.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  // The log goes into the database by checkpoint() only, which knows what to overwrite there.
  db.exec('PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 0');
}

function peopleDatabase(db: DatabaseSync, descriptor: number, options: DatabaseOptions): PeopleDatabase {
  const { file, key, migrations = MIGRATIONS } = options;
  const log = `${file}-wal`;
  if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`);
  if (!migrate(db, migrations)) expectSchema(db, migrations);
  const pageBytes = pragma(db, 'page_size');
  const sql = new Sql(db);
  const logBytes = (): number => statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const freeBytes = options.freeBytes ?? ((): number => bytesFree(path.dirname(file)));
  const listeners = new Set<(pages: readonly number[]) => void>();
  const checkpoint = (): void => {
    if (logBytes() === 0) return;
    const pages = pagesInLog(log);
    for (const listener of listeners) listener(pages);
    into(db, 'PASSIVE');
    // Before the log is emptied: if we are killed in between, it still says what to overwrite.
    if (scrubPages(descriptor, pageBytes, pages)) fsyncSync(descriptor);
    into(db, 'TRUNCATE');
    // Pages that are kept in memory still have their gaps as they were: the next change of one would bring them back.
    db.exec('PRAGMA shrink_memory');
  };
  const sealer = prepareKey(sql, key, checkpoint);
  // Also what an earlier process left in the log.
  exceptWhenFull(checkpoint);
  return {
    file,
    sql,
    sealer,
    checkpoint,
    checkpointIfLong() {
      const log = logBytes();
      if (log > LOG_BYTES || log + RESERVE_BYTES > freeBytes()) checkpoint();
    },
    hasRoom() {
      const free = freeBytes();
      if (free >= RESERVE_BYTES) return true;
      // What was deleted has left room in the file, which does not shrink.
      return free >= RESERVE_BYTES / 2 && pragma(db, 'freelist_count') * pageBytes > FEW_BYTES;
    },
    bytes: () => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) + logBytes(),
    pageBytes,
    fileBytes: () => fstatSync(descriptor).size,
    read(into, at) {
      // The number of a closed descriptor may be that of another file.
      if (!db.isOpen) throw unavailable('people.db was closed');
      return readSync(descriptor, into, 0, into.length, at);
    },
    onCheckpoint(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      if (!db.isOpen) return;
      try {
        exceptWhenFull(checkpoint);
      } finally {
        db.close();
        closeSync(descriptor);
      }
    },
  };
}

/** The log stays then, and is read with the file: nothing is lost, and it is tried again. */
function exceptWhenFull(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (toFault(error).code !== 'storage_full') throw error;
  }
}

function into(db: DatabaseSync, mode: 'PASSIVE' | 'TRUNCATE'): void {
  const row = db.prepare(`PRAGMA wal_checkpoint(${mode})`).get();
  if (row?.['busy'] !== 0 || row['log'] !== row['checkpointed']) throw unavailable('people.db is in use by another');
}

/** A file from elsewhere may bring triggers and views of its own; ours has none. */
function expectSchema(db: DatabaseSync, migrations: readonly string[]): void {
  const model = new DatabaseSync(':memory:');
  try {
    for (const step of migrations) model.exec(step);
    const [ours, found] = [schemaOf(model), schemaOf(db)];
    if (ours.join('\n') !== found.join('\n')) throw damaged('its tables are not ours');
  } finally {
    model.close();
  }
}
