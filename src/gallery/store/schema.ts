/** The tables, and how a file of an older facepool becomes one of this. */
import type { DatabaseSync } from 'node:sqlite';
import { unavailable } from './faults.ts';

/** `fpPl`: the file is a store of people. */
export const APPLICATION_ID = 0x66_70_50_6c;

/**
 * `collection.name` is null while what was in a deleted one goes, a piece at a time. Counts are kept beside what they
 * count, in the same transaction. `face.n` rises as the ids do. Nothing refers to names, so that renaming is one row.
 * `data` is what seal.ts makes. No foreign key to `space` from `vector`: it would look at every vector.
 */
const FIRST = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE collection (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, subjects INTEGER NOT NULL DEFAULT 0,
    faces INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE space (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, dim INTEGER NOT NULL,
    vectors INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE collection_space (
    collection INTEGER NOT NULL REFERENCES collection (id), space INTEGER NOT NULL REFERENCES space (id),
    place INTEGER NOT NULL, PRIMARY KEY (collection, space)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE subject (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, collection INTEGER NOT NULL REFERENCES collection (id),
    name TEXT NOT NULL, metadata TEXT NOT NULL, faces INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX subject_name ON subject (collection, name);
  CREATE TABLE face (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, collection INTEGER NOT NULL REFERENCES collection (id),
    subject INTEGER NOT NULL REFERENCES subject (id), source TEXT NOT NULL, digest TEXT, x_min REAL, y_min REAL,
    x_max REAL, y_max REAL, det_score REAL, quality REAL, ood REAL, liveness REAL, crop INTEGER NOT NULL,
    original INTEGER NOT NULL, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX face_collection ON face (collection);
  CREATE INDEX face_subject ON face (subject);
  CREATE INDEX face_created ON face (created_at);
  CREATE TABLE vector (
    id INTEGER PRIMARY KEY, face INTEGER NOT NULL REFERENCES face (n), space INTEGER NOT NULL, data BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX vector_face ON vector (face, space);
  CREATE TABLE image (
    id INTEGER PRIMARY KEY, face INTEGER NOT NULL REFERENCES face (n), what TEXT NOT NULL, data BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX image_face ON image (face, what);
`;

/** The entry at i brings a file of version i to version i + 1. Only ever added to. */
export const MIGRATIONS: readonly string[] = [FIRST];

export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

/** Tables and indexes as SQLite keeps their text. */
export function schemaOf(db: DatabaseSync): string[] {
  return db
    .prepare("SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS text FROM sqlite_schema ORDER BY type, name")
    .all()
    .map((row) => String(row['text']));
}

/**
 * Brings the file up to date in one transaction.
 * @returns whether it was empty
 * @throws FacepoolError `people_unavailable` where it is of a later facepool, or no store of people
 */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): boolean {
  const version = pragma(db, 'user_version');
  const application = pragma(db, 'application_id');
  const isEmpty = version === 0 && application === 0 && schemaOf(db).length === 0;
  if (!isEmpty && application !== APPLICATION_ID) throw unavailable('people.db is not a store of people');
  if (version > migrations.length) {
    throw unavailable(
      `people.db was written by a later version of facepool (schema ${version}, this one knows ${migrations.length})`,
    );
  }
  if (version === migrations.length) return isEmpty;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
  return isEmpty;
}
