/** Samples of the last minutes, one row for each: what has not become a chunk yet. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Chunk } from './chunk.ts';
import { LAYOUTS } from './columns.ts';
import { numberIn, numberOrNullIn, textIn } from './rows.ts';
import type { Sample } from './sample.ts';
import type { SeriesTable } from './series-table.ts';
import { RAW } from './tiers.ts';

export class PendingTable {
  readonly #series: SeriesTable;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #outside: StatementSync;
  readonly #deleteOutside: StatementSync;
  readonly #deleteBefore: StatementSync;
  readonly #oldest: StatementSync;

  constructor(db: DatabaseSync, series: SeriesTable) {
    this.#series = series;
    this.#insert = db.prepare('INSERT INTO pending (t, data) VALUES (?, ?)');
    this.#select = db.prepare('SELECT t, data FROM pending WHERE t >= ? AND t < ? ORDER BY t');
    this.#outside = db.prepare('SELECT t, data FROM pending WHERE t < ? OR t >= ? ORDER BY t');
    this.#deleteOutside = db.prepare('DELETE FROM pending WHERE t < ? OR t >= ?');
    this.#deleteBefore = db.prepare('DELETE FROM pending WHERE t < ?');
    this.#oldest = db.prepare('SELECT min(t) AS t FROM pending');
  }

  add(sample: Sample): void {
    const rows = sample.rows.map(({ series, values }) => [
      this.#series.idOf(series),
      Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
    ]);
    this.#insert.run(sample.at, JSON.stringify(rows));
  }

  /** Number of the series → its samples in the order of time. */
  between(from: number, to: number): Map<number, Chunk> {
    return this.#toChunks(this.#select.all(from, to));
  }

  /** Takes out what is not from `begin` to `end`: the begin of its window → number of the series → samples. */
  takeOutside(begin: number, end: number): Map<number, Map<number, Chunk>> {
    const windows = Map.groupBy(this.#outside.all(begin, end), ({ t }) => {
      return Math.floor(Number(t) / RAW.chunkMs) * RAW.chunkMs;
    });
    if (windows.size > 0) this.#deleteOutside.run(begin, end);
    return new Map([...windows].map(([t, rows]) => [t, this.#toChunks(rows)]));
  }

  #toChunks(rows: readonly Record<string, unknown>[]): Map<number, Chunk> {
    const figures = rows.flatMap((row) => parseRow(row));
    const bySeries = Map.groupBy(figures, ({ series }) => series);
    const chunks = new Map<number, Chunk>();
    for (const [id, own] of bySeries) {
      const type = this.#series.get(id)?.type;
      if (type === undefined) continue;
      chunks.set(id, {
        times: Float64Array.from(own, ({ at }) => at),
        columns: LAYOUTS[type].sampled.map((_, k) => Float64Array.from(own, ({ values }) => values[k] ?? Number.NaN)),
      });
    }
    return chunks;
  }

  deleteBefore(t: number): void {
    this.#deleteBefore.run(t);
  }

  oldest(): number | null {
    return numberOrNullIn(this.#oldest.get(), 't');
  }
}

type Figures = { readonly at: number; readonly series: number; readonly values: Float64Array };

/** Nothing for a row that is damaged: one second is lost, and no more. */
function parseRow(row: Record<string, unknown>): Figures[] {
  try {
    const at = numberIn(row, 't');
    const stored: unknown = JSON.parse(textIn(row, 'data'));
    return Array.isArray(stored) ? stored.flatMap((entry: unknown) => parseFigures(at, entry)) : [];
  } catch {
    return [];
  }
}

function parseFigures(at: number, entry: unknown): Figures[] {
  if (!Array.isArray(entry)) return [];
  const [series, values]: readonly unknown[] = entry;
  if (typeof series !== 'number' || !Array.isArray(values)) return [];
  return [
    { at, series, values: Float64Array.from(values, (value) => (typeof value === 'number' ? value : Number.NaN)) },
  ];
}
