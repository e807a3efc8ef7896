/** What every operation works with. */
import { FacepoolError } from '../../contract/errors.ts';
import type { RisingIds } from './face-ids.ts';
import type { Sealer } from './seal.ts';
import type { Sql } from './sql.ts';

export type Context = {
  readonly sql: Sql;
  readonly sealer: Sealer;
  readonly ids: RisingIds;
  /** Name of the collection that is made where it is missing. */
  readonly defaultCollection: string;
  /** Of the file, on the disk. */
  readonly bytes: () => number;
  /** When it was asked for, milliseconds since 1970. */
  readonly now: number;
};

/** A change that takes several transactions: the next one is to be made with `go`. */
export class Unfinished<T> {
  readonly go: (context: Context) => T | Unfinished<T>;

  constructor(go: (context: Context) => T | Unfinished<T>) {
    this.go = go;
  }
}

export function notFound(what: 'collection' | 'subject' | 'face'): FacepoolError {
  return new FacepoolError('not_found', `no such ${what}`);
}

export function conflict(detail: string): FacepoolError {
  return new FacepoolError('conflict', detail);
}

export function spaceMismatch(detail: string): FacepoolError {
  return new FacepoolError('space_mismatch', detail);
}
