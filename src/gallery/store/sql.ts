/** A connection with its prepared statements, and columns of rows as what they were written as. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { damaged } from './faults.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

export class Sql {
  readonly db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  #prepared(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) this.#statements.set(text, (statement = this.db.prepare(text)));
    return statement;
  }

  get(text: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(text).get(...values);
  }

  all(text: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(text).all(...values);
  }

  /** @returns rows that it changed */
  run(text: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepared(text).run(...values).changes);
  }

  /** The first column of the only row, which is a number. */
  number(text: string, ...values: SQLInputValue[]): number {
    return numberOf(Object.values(this.get(text, ...values) ?? {})[0]);
  }
}

export function numberOf(value: SQLOutputValue | undefined): number {
  if (typeof value !== 'number') throw damaged('a number is missing');
  return value;
}

export function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : numberOf(value);
}

export function textOf(value: SQLOutputValue | undefined): string {
  if (typeof value !== 'string') throw damaged('a text is missing');
  return value;
}

export function textOrNull(value: SQLOutputValue | undefined): string | null {
  return value === null || value === undefined ? null : textOf(value);
}

export function bytesOf(value: SQLOutputValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw damaged('bytes are missing');
  return value;
}
