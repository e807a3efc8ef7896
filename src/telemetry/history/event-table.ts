/** Stored events. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { EventQuery, StoredEvent } from '../../contract/history.ts';

/** As it is read: whoever asks checks it, see disk.ts. */
export type EventRow = { readonly [K in keyof StoredEvent]: unknown };

/** Whatever goes wrong a thousand times a minute, the samples keep their place. */
export const MOST_EVENTS = 50_000;

export class EventTable {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #last: StatementSync;
  readonly #deleteBefore: StatementSync;
  readonly #deleteOldest: StatementSync;
  readonly #count: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    // A batch whose answer was lost comes twice.
    this.#insert = db.prepare(`
      INSERT INTO event (id, at, type, severity, subject, text, details) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO NOTHING`);
    this.#last = db.prepare('SELECT max(id) AS id FROM event');
    this.#deleteBefore = db.prepare('DELETE FROM event WHERE at < ?');
    this.#deleteOldest = db.prepare('DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT ?)');
    this.#count = db.prepare('SELECT count(*) AS n FROM event');
  }

  add({ id, at, type, severity, subject, text, details }: StoredEvent): void {
    this.#insert.run(id, Date.parse(at), type, severity, subject, text, JSON.stringify(details));
  }

  lastId(): string | null {
    const id = this.#last.get()?.['id'];
    return typeof id === 'string' ? id : null;
  }

  /** Oldest first; the newest `limit`. As EventRing.select. */
  select({ afterId, from, to, types, limit }: EventQuery): EventRow[] {
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    const where = (condition: string, value: SQLInputValue | null): void => {
      if (value === null) return;
      conditions.push(condition);
      values.push(value);
    };
    where('id > ?', afterId);
    where('at >= ?', from);
    where('at < ?', to);
    where('type IN (SELECT value FROM json_each(?))', types === null ? null : JSON.stringify(types));
    const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const sql = `SELECT id, at, type, severity, subject, text, details FROM event ${filter} ORDER BY id DESC LIMIT ?`;
    return this.#db
      .prepare(sql)
      .all(...values, Math.max(0, limit))
      .map(toEvent)
      .reverse();
  }

  deleteBefore(at: number): void {
    this.#deleteBefore.run(at);
  }

  /** @returns how many */
  deleteOldest(most: number): number {
    return Number(this.#deleteOldest.run(most).changes);
  }

  count(): number {
    return Number(this.#count.get()?.['n']);
  }
}

function toEvent({ id, at, type, severity, subject, text, details }: Record<string, unknown>): EventRow {
  const parsed: unknown = JSON.parse(String(details));
  return { id, at: new Date(Number(at)).toISOString(), type, severity, subject, text, details: parsed };
}
