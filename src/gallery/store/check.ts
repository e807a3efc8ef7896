/** Looks at everything: every row, every vector and picture, every count, and what SQLite knows of its trees. */
import type { PeopleCheck } from '../../contract/people.ts';
import { isUnit } from '../embedding-input.ts';
import type { Context } from './context.ts';
import { toFault } from './faults.ts';
import { cropOf } from './images.ts';
import { bytesOf, numberOf, type Row, textOf } from './sql.ts';
import { counts } from './totals.ts';
import { unsealVector } from './vectors.ts';

export type Checked = Omit<PeopleCheck, 'ms'>;

/** Rows that are looked at at once; fewer for pictures, which are long. */
const STEP = 500;
const PICTURE_STEP = 20;
const MOST_FAULTS = 100;
/** Small tables. Those of vectors and pictures are read row by row instead, so that nobody waits for them. */
const TREES = ['meta', 'collection', 'space', 'collection_space', 'subject', 'face'] as const;

/** Counts that are kept beside what they count, and what belongs to nothing: each finds what should not be. */
const RULES: readonly { readonly sql: string; readonly fault: (row: Row) => string }[] = [
  {
    sql: `SELECT c.id FROM collection c WHERE c.subjects <> (SELECT count(*) FROM subject s WHERE s.collection = c.id)
      AND c.name IS NOT NULL`,
    fault: (row) => `collection ${numberOf(row['id'])}: its count of subjects is wrong`,
  },
  {
    sql: 'SELECT c.id FROM collection c WHERE c.faces <> (SELECT count(*) FROM face f WHERE f.collection = c.id)',
    fault: (row) => `collection ${numberOf(row['id'])}: its count of faces is wrong`,
  },
  {
    sql: `SELECT c.id FROM collection c WHERE (c.faces > 0) <>
      EXISTS (SELECT 1 FROM collection_space k WHERE k.collection = c.id)`,
    fault: (row) => `collection ${numberOf(row['id'])}: it has faces and no space, or a space and no faces`,
  },
  {
    sql: 'SELECT p.id FROM space p WHERE p.vectors <> (SELECT count(*) FROM vector v WHERE v.space = p.id)',
    fault: (row) => `space ${numberOf(row['id'])}: its count of vectors is wrong`,
  },
  {
    sql: `SELECT k.collection AS id FROM collection_space k WHERE NOT EXISTS (SELECT 1 FROM space p WHERE p.id = k.space)
      OR NOT EXISTS (SELECT 1 FROM collection c WHERE c.id = k.collection)`,
    fault: (row) => `collection ${numberOf(row['id'])}: it is bound to nothing`,
  },
  {
    sql: 'SELECT v.id FROM vector v WHERE NOT EXISTS (SELECT 1 FROM face f WHERE f.n = v.face) LIMIT 1',
    fault: () => 'a vector belongs to no face',
  },
  {
    sql: 'SELECT i.id FROM image i WHERE NOT EXISTS (SELECT 1 FROM face f WHERE f.n = i.face) LIMIT 1',
    fault: () => 'a picture belongs to no face',
  },
];

export function* check(context: Context): Generator<void, Checked> {
  const { sql } = context;
  const faults: string[] = [];
  const steps: (() => Generator<void, void>)[] = [
    function* trees() {
      for (const table of TREES) {
        for (const row of sql.db.prepare(`PRAGMA integrity_check('${table}')`).all()) {
          const text = String(Object.values(row)[0]);
          // SQLite's words may quote what is in the row.
          if (text !== 'ok') faults.push(`${table}: ${text.replace(/'[^']*'/g, '…').slice(0, 200)}`);
        }
        yield;
      }
    },
    function* rules() {
      for (const rule of RULES) {
        for (const row of sql.all(rule.sql)) faults.push(rule.fault(row));
        yield;
      }
    },
    () => eachRow(context, SUBJECTS, STEP, (row) => faults.push(...subjectFaults(row))),
    () => eachRow(context, FACES, STEP, (row) => faults.push(...faceFaults(row))),
    () => eachRow(context, VECTORS, STEP, (row) => faults.push(...vectorFaults(context, row))),
    () => eachRow(context, IMAGES, PICTURE_STEP, (row) => faults.push(...imageFaults(context, row))),
  ];
  for (const step of steps) {
    try {
      yield* step();
    } catch (error) {
      faults.push(toFault(error).message);
    }
  }
  return { ok: faults.length === 0, faults: faults.slice(0, MOST_FAULTS), ...counts(sql) };
}

/** @param text takes what came last, `at`, and a limit */
function* eachRow(context: Context, text: string, step: number, look: (row: Row) => void): Generator<void, void> {
  for (let last = 0; ; ) {
    const rows = context.sql.all(text, last, step);
    for (const row of rows) {
      last = numberOf(row['at']);
      look(row);
    }
    if (rows.length < step) return;
    yield;
  }
}

const SUBJECTS = `SELECT s.id AS at, s.key, s.faces, json_valid(s.metadata) AS valid,
    EXISTS (SELECT 1 FROM collection c WHERE c.id = s.collection) AS home,
    (SELECT count(*) FROM face f WHERE f.subject = s.id) AS counted
  FROM subject s WHERE s.id > ? ORDER BY s.id LIMIT ?`;

function* subjectFaults(row: Row): Generator<string> {
  const who = `subject ${textOf(row['key'])}`;
  if (numberOf(row['faces']) !== numberOf(row['counted'])) yield `${who}: its count of faces is wrong`;
  if (numberOf(row['home']) === 0) yield `${who}: it is in no collection`;
  if (numberOf(row['valid']) === 0) yield `${who}: its metadata cannot be read`;
}

const FACES = `SELECT f.n AS at, f.id, f.crop, f.original,
    EXISTS (SELECT 1 FROM subject s WHERE s.id = f.subject AND s.collection = f.collection) AS home,
    (SELECT count(*) FROM collection_space k WHERE k.collection = f.collection
      AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.face = f.n AND v.space = k.space)) AS lacking,
    (SELECT o.id >= f.id FROM face o WHERE o.n < f.n ORDER BY o.n DESC LIMIT 1) AS disorder,
    (SELECT count(*) FROM image i WHERE i.face = f.n AND i.what = 'crop') AS crops,
    (SELECT count(*) FROM image i WHERE i.face = f.n AND i.what = 'original') AS originals
  FROM face f WHERE f.n > ? ORDER BY f.n LIMIT ?`;

function* faceFaults(row: Row): Generator<string> {
  const which = `face ${textOf(row['id'])}`;
  if (numberOf(row['home']) === 0) yield `${which}: it has no subject in its collection`;
  if (row['disorder'] === 1) yield `${which}: its id is not above the one before`;
  if (numberOf(row['lacking']) > 0) yield `${which}: it has no vector in a space of its collection`;
  if (numberOf(row['crop']) !== numberOf(row['crops'])) yield `${which}: its crop is missing, or should not be there`;
  if (numberOf(row['original']) !== numberOf(row['originals'])) {
    yield `${which}: its picture is missing, or should not be there`;
  }
}

const VECTORS = `SELECT v.id AS at, v.data, f.id, p.name, p.dim FROM vector v
  LEFT JOIN face f ON f.n = v.face LEFT JOIN space p ON p.id = v.space WHERE v.id > ? ORDER BY v.id LIMIT ?`;

function* vectorFaults(context: Context, row: Row): Generator<string> {
  // Vectors of nobody are told once, above.
  if (row['id'] === null) return;
  const which = `face ${textOf(row['id'])}`;
  if (row['name'] === null) {
    yield `${which}: a vector is of no space`;
    return;
  }
  const space = { space: textOf(row['name']), dim: numberOf(row['dim']) };
  try {
    const vector = unsealVector(context, space, textOf(row['id']), bytesOf(row['data']));
    // A longer one would be like everybody.
    if (!isUnit(vector)) yield `${which}: a vector is not of length 1`;
  } catch {
    yield `${which}: a vector is not what was kept`;
  }
}

const IMAGES = `SELECT i.id AS at, i.what, i.data, f.id FROM image i LEFT JOIN face f ON f.n = i.face
  WHERE i.id > ? ORDER BY i.id LIMIT ?`;

function* imageFaults(context: Context, row: Row): Generator<string> {
  if (row['id'] === null) return;
  const faceId = textOf(row['id']);
  const kind = textOf(row['what']) === 'crop' ? 'crop' : 'original';
  try {
    const bytes = context.sealer.unseal({ kind, faceId, space: '' }, bytesOf(row['data']));
    if (kind === 'crop') cropOf(bytes);
  } catch {
    yield `face ${faceId}: its ${kind} is not what was kept`;
  }
}
