/** What is too old, or too much, goes: the oldest first, and samples before their means. */
import type { DatabaseSync } from 'node:sqlite';
import type { ChunkTable } from './chunk-table.ts';
import { pragma } from './database.ts';
import { MOST_EVENTS } from './event-table.ts';
import type { EventTable } from './event-table.ts';
import type { PendingTable } from './pending-table.ts';
import { TIERS } from './tiers.ts';

/** Rows that one write deletes at most, and pages that it gives back: so that no write takes long. */
const MOST_ROWS = 500;
const MOST_PAGES = 2000;
/** Kept free for the log beside the database. */
const LOG_BYTES = 4_000_000;

export type Tables = {
  readonly db: DatabaseSync;
  readonly chunks: ChunkTable;
  readonly pending: PendingTable;
  readonly events: EventTable;
};

/**
 * Called within each transaction that writes; every call does a part of what there is to do.
 * @param now milliseconds since 1970; null: nothing goes by its age
 * @param countEvents now and then: it reads all of them
 */
export function prune(
  tables: Tables,
  { retentionMs, maxBytes }: { readonly retentionMs: number; readonly maxBytes: number },
  { now, countEvents }: { readonly now: number | null; readonly countEvents: boolean },
): void {
  const { db, chunks, pending, events } = tables;
  if (now !== null) {
    const oldest = now - retentionMs;
    for (const tier of TIERS) chunks.deleteOldest(tier, oldest, MOST_ROWS);
    pending.deleteBefore(oldest);
    events.deleteBefore(oldest);
  }
  if (countEvents) {
    const over = events.count() - MOST_EVENTS;
    if (over > 0) events.deleteOldest(over);
  }
  // A small limit has a small log too.
  const limit = maxBytes - Math.min(LOG_BYTES, maxBytes / 4);
  if (usedBytes(db) > limit) {
    const deleted = TIERS.some((tier) => chunks.deleteOldest(tier, Number.MAX_SAFE_INTEGER, MOST_ROWS) > 0);
    if (!deleted) events.deleteOldest(MOST_ROWS);
  }
  if (pragma(db, 'freelist_count') > 0) db.exec(`PRAGMA incremental_vacuum(${MOST_PAGES})`);
}

/** Without the pages that are free. */
function usedBytes(db: DatabaseSync): number {
  return (pragma(db, 'page_count') - pragma(db, 'freelist_count')) * pragma(db, 'page_size');
}
