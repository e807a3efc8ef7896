/**
 * The history on disk, in SQLite through node:sqlite. Chosen over CSV segments because deletion by age and size,
 * transactions, recovery after a crash and questions for a range are solved there and would be our own code here. The
 * samples are kept as compressed chunks (chunk.ts), not as rows: seven days of two GPUs and seven models as rows are
 * over 500 MB, the whole of `history.max_mb`, and as chunks a tenth of that.
 *
 * Everything here is synchronous and runs in a thread of its own (thread.ts).
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventQuery, StoredEvent } from '../../contract/history.ts';
import { databaseBytes, fileIdentity, openDatabase } from './database.ts';
import { ChunkTable } from './chunk-table.ts';
import { EventTable } from './event-table.ts';
import type { EventRow } from './event-table.ts';
import { StoreError } from './faults.ts';
import { PendingTable } from './pending-table.ts';
import { prune } from './prune.ts';
import type { SeriesPart } from './ring.ts';
import type { Sample } from './sample.ts';
import { SeriesTable } from './series-table.ts';
import { readParts } from './store-query.ts';
import type { PartsQuery } from './store-query.ts';
import { RAW } from './tiers.ts';

export type StoreConfig = {
  readonly file: string;
  readonly retentionMs: number;
  readonly maxBytes: number;
};

export type WriteBatch = {
  readonly samples: readonly Sample[];
  readonly events: readonly StoredEvent[];
  /** Wall time, milliseconds since 1970, by which what is too old is deleted; null: not now (see lasting-time.ts). */
  readonly now: number | null;
};

export type StoreState = {
  readonly bytes: number;
  /** Of the first sample, milliseconds since 1970; null while it is empty. */
  readonly oldest: number | null;
  /** The greatest id that was there when the file was opened. */
  readonly lastEventId: string | null;
};

export class HistoryStore {
  readonly #config: StoreConfig;
  readonly #db: DatabaseSync;
  readonly #identity: string | null;
  readonly #series: SeriesTable;
  readonly #pending: PendingTable;
  readonly #chunks: ChunkTable;
  readonly #events: EventTable;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #lastEventId: string | null;

  constructor(config: StoreConfig) {
    this.#config = config;
    this.#db = openDatabase(config.file);
    this.#identity = fileIdentity(config.file);
    this.#series = new SeriesTable(this.#db);
    this.#pending = new PendingTable(this.#db, this.#series);
    this.#chunks = new ChunkTable(this.#db, this.#series);
    this.#events = new EventTable(this.#db);
    this.#begin = this.#db.prepare('BEGIN IMMEDIATE');
    this.#commit = this.#db.prepare('COMMIT');
    this.#rollback = this.#db.prepare('ROLLBACK');
    this.#lastEventId = this.#events.lastId();
  }

  /**
   * One transaction. What is over age or over size goes in it too, some of it at a time. After an error the store has to
   * be closed and opened again.
   */
  write({ samples, events, now }: WriteBatch): StoreState {
    if (fileIdentity(this.#config.file) !== this.#identity) {
      throw new StoreError('gone');
    }
    this.#begin.run();
    try {
      for (const sample of samples) this.#pending.add(sample);
      for (const event of events) this.#events.add(event);
      const last = samples.at(-1);
      const compacted = last !== undefined && this.#compact(last.at);
      const tables = { db: this.#db, chunks: this.#chunks, pending: this.#pending, events: this.#events };
      prune(tables, this.#config, { now, countEvents: compacted });
      this.#commit.run();
    } catch (error) {
      // SQLite has ended the transaction itself after some errors.
      if (this.#db.isTransaction) this.#rollback.run();
      throw error;
    }
    return this.state();
  }

  /** Samples outside the window of time that is running become chunks. */
  #compact(now: number): boolean {
    const running = Math.floor(now / RAW.chunkMs) * RAW.chunkMs;
    const windows = this.#pending.takeOutside(running, running + RAW.chunkMs);
    for (const [t, samples] of windows) this.#chunks.addWindow(t, samples);
    return windows.size > 0;
  }

  state(): StoreState {
    const oldest = [this.#chunks.firstSample(), this.#pending.oldest()].filter((t) => t !== null);
    return {
      bytes: databaseBytes(this.#config.file),
      oldest: oldest.length === 0 ? null : Math.min(...oldest),
      lastEventId: this.#lastEventId,
    };
  }

  parts(query: PartsQuery): SeriesPart[] {
    return readParts({ series: this.#series, chunks: this.#chunks, pending: this.#pending }, query);
  }

  events(query: EventQuery): EventRow[] {
    return this.#events.select(query);
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}
