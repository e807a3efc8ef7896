/** The open store in its thread: opened, closed, opened again after a failure of the disk; and its changes in groups. */
import type { Context } from './context.ts';
import { type DatabaseOptions, openDatabase, type PeopleDatabase } from './database.ts';
import { type RisingIds, risingIds } from './face-ids.ts';
import { breaksConnection, full, toFault, unavailable } from './faults.ts';
import { replaceWith } from './replace.ts';
import { textOrNull } from './sql.ts';
import type { FacepoolError } from '../../contract/errors.ts';

export type Change = {
  readonly now: number;
  /** What goes with it has left the disk before it is acknowledged. */
  readonly erases: boolean;
  /** A few rows that are there become others: made from what is left for deletions. */
  readonly isSmall?: boolean;
  /** It changes what is there. */
  readonly replaces?: boolean;
  readonly make: (context: Context) => unknown;
};
/** `value` and `committed` may be `Unfinished` (context.ts). */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  /** `committed`: what it made is on the disk all the same. */
  | { readonly ok: false; readonly error: FacepoolError; readonly committed?: unknown };

type Open = { readonly database: PeopleDatabase; readonly ids: RisingIds };

export class Engine {
  readonly #options: DatabaseOptions;
  readonly #defaultCollection: string;
  /** Asked to be open; then a connection that broke is opened again by whoever needs it. */
  #isWanted = false;
  #open: Open | null = null;
  #changes = 0;
  #rewrites = 0;

  constructor(options: DatabaseOptions, defaultCollection: string) {
    this.#options = options;
    this.#defaultCollection = defaultCollection;
  }

  /** Rises with every transaction. */
  get changes(): number {
    return this.#changes;
  }

  /** Rises with every transaction in which something that was there became another, or went. */
  get rewrites(): number {
    return this.#rewrites;
  }

  /** @throws FacepoolError `people_unavailable`, `storage_full` */
  open(): void {
    this.#isWanted = true;
    this.database();
  }

  /** The store, opened where it is not. @throws FacepoolError */
  database(): PeopleDatabase {
    if (!this.#isWanted) throw unavailable('people are closed');
    if (this.#open === null) {
      try {
        const database = openDatabase(this.#options);
        this.#open = { database, ids: risingIds(greatestId(database)) };
      } catch (error) {
        this.#drop();
        throw toFault(error);
      }
    }
    return this.#open.database;
  }

  /** @param now milliseconds since 1970 */
  context(now: number): Context {
    const database = this.database();
    const ids = this.#open?.ids ?? risingIds('');
    return this.#contextOf(database, ids, now);
  }

  #contextOf(database: PeopleDatabase, ids: RisingIds, now: number): Context {
    const { sql, sealer, bytes } = database;
    return { sql, sealer, bytes, ids, now, defaultCollection: this.#defaultCollection };
  }

  /** One transaction, synced, in which each change is whole or not at all. Never throws. */
  commit(changes: readonly Change[]): Outcome[] {
    const outcomes: Outcome[] = [];
    try {
      const { sql, hasRoom } = this.database();
      const isFull = !hasRoom();
      sql.db.exec('BEGIN IMMEDIATE');
      for (const change of changes) {
        const mayBeMade = !isFull || change.erases || change.isSmall === true;
        outcomes.push(mayBeMade ? this.#inSavepoint(change) : { ok: false, error: full() });
      }
      sql.db.exec('COMMIT');
      this.#changes += 1;
      if (changes.some(({ erases, replaces }) => erases || replaces === true)) this.#rewrites += 1;
    } catch (error) {
      this.#rollBack(error);
      // One that is too large for the disk must not take the others along.
      if (changes.length > 1 && this.#open !== null) return changes.flatMap((change) => this.commit([change]));
      return changes.map((_, i) => {
        const outcome = outcomes[i];
        return outcome?.ok === false ? outcome : { ok: false, error: toFault(error) };
      });
    }
    return this.#erase(changes, outcomes);
  }

  #inSavepoint({ make, now }: Change): Outcome {
    const context = this.context(now);
    const { db } = context.sql;
    db.exec('SAVEPOINT change');
    try {
      const value = make(context);
      db.exec('RELEASE change');
      return { ok: true, value };
    } catch (error) {
      // After some errors SQLite has ended the whole transaction.
      if (!db.isTransaction || breaksConnection(error)) throw error;
      db.exec('ROLLBACK TO change; RELEASE change');
      return { ok: false, error: toFault(error) };
    }
  }

  #rollBack(error: unknown): void {
    const db = this.#open?.database.sql.db;
    try {
      if (db?.isTransaction === true) db.exec('ROLLBACK');
    } catch {
      this.#drop();
    }
    this.noteFailure(error);
  }

  /** Writes the log into the file where something was deleted, or where it has become long. */
  #erase(changes: readonly Change[], outcomes: Outcome[]): Outcome[] {
    const isErasing = changes.some(({ erases }, i) => erases && outcomes[i]?.ok === true);
    try {
      if (isErasing) this.database().checkpoint();
      else this.database().checkpointIfLong();
      return outcomes;
    } catch (error) {
      this.noteFailure(error);
      const fault = toFault(error);
      // What was added is in the log, synced. What was deleted is gone too, but could still be read from the disk.
      return outcomes.map((outcome, i) =>
        outcome.ok && changes[i]?.erases === true ? { ok: false, error: fault, committed: outcome.value } : outcome,
      );
    }
  }

  /** A connection that an error has made unfit is closed; the next call opens another. */
  noteFailure(error: unknown): void {
    if (breaksConnection(error)) this.#drop();
  }

  #drop(): void {
    const open = this.#open;
    this.#open = null;
    try {
      open?.database.close();
    } catch {
      // It was broken; what was acknowledged is on the disk.
    }
  }

  /** @throws FacepoolError `invalid_argument`, `storage_full`, `people_unavailable` */
  replace(file: string): void {
    this.#isWanted = true;
    replaceWith({
      options: this.#options,
      file,
      contextOf: (database) => this.#contextOf(database, risingIds(''), 0),
      closeCurrent: () => {
        const open = this.#open;
        this.#open = null;
        open?.database.close();
        return open !== null;
      },
    });
    this.#changes += 1;
    this.#rewrites += 1;
    this.database();
  }

  /** @throws FacepoolError where the log could not be written into the file; it is closed all the same */
  close(): void {
    this.#isWanted = false;
    const open = this.#open;
    this.#open = null;
    try {
      open?.database.close();
    } catch (error) {
      throw toFault(error);
    }
  }
}

/** Ids that come later are above every one that is there. */
function greatestId({ sql }: PeopleDatabase): string {
  const face = textOrNull(sql.get('SELECT max(id) AS id FROM face')?.['id']);
  const subject = textOrNull(sql.get('SELECT key AS id FROM subject ORDER BY id DESC LIMIT 1')?.['id']);
  return [face ?? '', subject ?? ''].sort().at(-1) ?? '';
}
