/** Whether the store is encrypted, and with this key; a store without a key that is opened with one is encrypted then. */
import { randomBytes } from 'node:crypto';
import { damaged, unavailable } from './faults.ts';
import { createSealer, isPlain, isSameCheck, keyCheck, type Place, SALT_BYTES, type Sealer } from './seal.ts';
import { bytesOf, numberOf, type Sql, textOf } from './sql.ts';

/** What is encrypted in one transaction, at most. */
const STEP_ROWS = 500;
const STEP_BYTES = 16 * 1024 * 1024;

function meta(sql: Sql, name: string): Uint8Array | null {
  const row = sql.get('SELECT value FROM meta WHERE name = ?', name);
  return row === undefined ? null : bytesOf(row['value']);
}

function setMeta(sql: Sql, name: string, value: Uint8Array): void {
  sql.run('INSERT INTO meta (name, value) VALUES (?, ?)', name, value);
}

function saltOf(sql: Sql): Uint8Array {
  const stored = meta(sql, 'salt');
  if (stored !== null) return stored;
  if (sql.get('SELECT 1 FROM face LIMIT 1') !== undefined) throw damaged('its salt is missing');
  const fresh = randomBytes(SALT_BYTES);
  setMeta(sql, 'salt', fresh);
  return fresh;
}

/**
 * `key_check` is there when all is encrypted, `key_begun` while some is.
 * @param checkpoint what was not encrypted is gone from the disk afterwards
 * @throws FacepoolError `people_unavailable`, which says what to do
 */
export function prepareKey(sql: Sql, key: Uint8Array | null, checkpoint: () => void): Sealer {
  const salt = saltOf(sql);
  const check = key === null ? null : keyCheck(key, salt);
  const stored = meta(sql, 'key_check') ?? meta(sql, 'key_begun');
  const sealer = createSealer(key, salt);
  if (stored === null && check === null) return sealer;
  if (check === null) {
    throw unavailable('people are encrypted: set people.encryption_key_file to the file that holds their key');
  }
  if (stored !== null && !isSameCheck(check, stored)) {
    throw unavailable('people are encrypted with another key than that in people.encryption_key_file');
  }
  if (stored === null) setMeta(sql, 'key_begun', check);
  if (meta(sql, 'key_check') === null) {
    encryptAll(sql, createSealer(null, salt), sealer, checkpoint);
    sql.db.exec('BEGIN IMMEDIATE');
    setMeta(sql, 'key_check', check);
    sql.run("DELETE FROM meta WHERE name = 'key_begun'");
    sql.db.exec('COMMIT');
  }
  return sealer;
}

const SEALED = [
  {
    table: 'vector',
    ids: `SELECT v.id, f.id AS face, s.name AS space, 'vector' AS kind FROM vector v
      JOIN face f ON f.n = v.face JOIN space s ON s.id = v.space WHERE v.id > ? ORDER BY v.id LIMIT ?`,
  },
  {
    table: 'image',
    ids: `SELECT i.id, f.id AS face, '' AS space, i.what AS kind FROM image i
      JOIN face f ON f.n = i.face WHERE i.id > ? ORDER BY i.id LIMIT ?`,
  },
] as const;

function kindOf(text: string): Place['kind'] {
  if (text === 'vector' || text === 'crop' || text === 'original') return text;
  throw damaged('a picture is of no kind');
}

/** In pieces; one that was cut short goes on where it was. */
function encryptAll(sql: Sql, plain: Sealer, sealer: Sealer, checkpoint: () => void): void {
  for (const { table, ids } of SEALED) {
    for (let after = 0; ; ) {
      let bytes = 0;
      const from = after;
      sql.db.exec('BEGIN IMMEDIATE');
      for (const row of sql.all(ids, after, STEP_ROWS)) {
        after = numberOf(row['id']);
        const data = bytesOf(sql.get(`SELECT data FROM ${table} WHERE id = ?`, after)?.['data']);
        if (!isPlain(data)) continue;
        const place = { kind: kindOf(textOf(row['kind'])), faceId: textOf(row['face']), space: textOf(row['space']) };
        sql.run(`UPDATE ${table} SET data = ? WHERE id = ?`, sealer.seal(place, plain.unseal(place, data)), after);
        bytes += data.length;
        if (bytes > STEP_BYTES) break;
      }
      sql.db.exec('COMMIT');
      checkpoint();
      if (after === from) break;
    }
  }
}
