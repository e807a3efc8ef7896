/** Another store's file: copied beside ours, checked there, and put in its place in one step. */
import { Buffer } from 'node:buffer';
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { FacepoolError } from '../../contract/errors.ts';
import { openPrivate } from '../../util/private-file.ts';
import { syncFolder } from './backup.ts';
import { check, type Checked } from './check.ts';
import type { Context } from './context.ts';
import { type DatabaseOptions, incomingFile, openDatabase, type PeopleDatabase } from './database.ts';
import { toFault, unavailable } from './faults.ts';
import { APPLICATION_ID } from './schema.ts';

const CHUNK_BYTES = 1024 * 1024;
const MAGIC = 'SQLite format 3\0';
const HEAD_BYTES = 100;
const APPLICATION_AT = 68;

function refused(why: string, cause?: unknown): FacepoolError {
  return new FacepoolError('invalid_argument', `the copy is not taken: ${why}`, { cause });
}

/** What is wrong with the copy is the caller's to know; a full disk is ours. */
function asRefusal(error: unknown): FacepoolError {
  const fault = toFault(error);
  return fault.code === 'people_unavailable' ? refused(fault.message.replace('people.db', 'it'), fault) : fault;
}

function copyIn(from: string, to: string): void {
  let source: number;
  try {
    source = openSync(from, 'r');
  } catch (error) {
    throw refused('it cannot be read', error);
  }
  try {
    const target = openPrivate(to, 'wx');
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let at = 0, read = 0; (read = readSync(source, chunk, 0, chunk.length, at)) > 0; at += read) {
        if (at === 0) expectHead(chunk.subarray(0, read));
        for (let written = 0; written < read; ) written += writeSync(target, chunk, written, read - written);
      }
      if (statSync(to).size === 0) throw refused('it is empty');
      fsyncSync(target);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function expectHead(head: Buffer): void {
  const isOurs =
    head.length >= HEAD_BYTES &&
    head.toString('latin1', 0, MAGIC.length) === MAGIC &&
    head.readUInt32BE(APPLICATION_AT) === APPLICATION_ID;
  if (!isOurs) throw refused('it is not a store of people');
}

function drained<T>(generator: Generator<void, T>): T {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
  }
}

/** All of SQLite's own check too, which is long: nobody else uses this file. */
function fullCheck(database: PeopleDatabase, context: Context): Checked {
  for (const row of database.sql.db.prepare('PRAGMA integrity_check').all()) {
    if (Object.values(row)[0] !== 'ok') throw unavailable('it is damaged: its trees are not sound');
  }
  return drained(check(context));
}

export type ReplaceOptions = {
  readonly options: DatabaseOptions;
  /** The copy. */
  readonly file: string;
  readonly contextOf: (database: PeopleDatabase) => Context;
  /** Closes the store that is; false where it was not open. */
  readonly closeCurrent: () => boolean;
};

/**
 * Ours is closed afterwards where that succeeded, also in the place of one that could not be opened.
 * @throws FacepoolError `invalid_argument`, `storage_full`; then ours is as it was
 */
export function replaceWith({ options, file, contextOf, closeCurrent }: ReplaceOptions): void {
  const incoming = incomingFile(options.file);
  const log = `${options.file}-wal`;
  try {
    if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
      throw refused('it has a log beside it, so it is not whole; facepool people backup makes whole ones');
    }
    copyIn(file, incoming);
    const database = openDatabase({ ...options, file: incoming });
    try {
      const { ok, faults } = fullCheck(database, contextOf(database));
      if (!ok) throw refused(faults[0] ?? 'it is damaged');
    } finally {
      database.close();
    }
    const wasOpen = closeCurrent();
    // The log of the old would be taken for one of the new.
    if (!wasOpen) rmSync(log, { force: true });
    if (statSync(log, { throwIfNoEntry: false }) !== undefined) throw unavailable('people.db could not be closed');
    renameSync(incoming, options.file);
    syncFolder(path.dirname(options.file));
  } catch (error) {
    for (const rest of ['', '-wal', '-journal']) rmSync(`${incoming}${rest}`, { force: true });
    throw error instanceof FacepoolError && error.code === 'invalid_argument' ? error : asRefusal(error);
  }
}
