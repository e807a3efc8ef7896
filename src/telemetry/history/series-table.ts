/** Devices and workers by number: rows and chunks name them by it. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { numberIn, textIn } from './rows.ts';
import { seriesKey } from './sample.ts';
import type { Series } from './sample.ts';

export class SeriesTable {
  readonly #upsert: StatementSync;
  readonly #ids = new Map<string, number>();
  readonly #series = new Map<number, Series>();

  constructor(db: DatabaseSync) {
    this.#upsert = db.prepare(`
      INSERT INTO series (type, name, about, kind) VALUES (?, ?, ?, ?)
      ON CONFLICT (type, name) DO UPDATE SET about = excluded.about, kind = excluded.kind RETURNING id`);
    for (const row of db.prepare('SELECT id, type, name, about, kind FROM series').all()) {
      const kind = row['kind'];
      this.#keep(numberIn(row, 'id'), {
        type: row['type'] === 'device' ? 'device' : 'worker',
        id: textIn(row, 'name'),
        about: textIn(row, 'about'),
        kind: kind === 'cpu' || kind === 'gpu' ? kind : null,
      });
    }
  }

  #keep(id: number, series: Series): number {
    this.#ids.set(seriesKey(series), id);
    this.#series.set(id, series);
    return id;
  }

  /** Makes it where it is new; a worker that moved, or a device with another name, is the same series. */
  idOf(series: Series): number {
    const id = this.#ids.get(seriesKey(series));
    const known = id === undefined ? undefined : this.#series.get(id);
    if (id !== undefined && known?.about === series.about && known.kind === series.kind) return id;
    const made = this.#upsert.get(series.type, series.id, series.about, series.kind);
    return this.#keep(numberIn(made, 'id'), series);
  }

  get(id: number): Series | undefined {
    return this.#series.get(id);
  }

  all(): readonly (readonly [number, Series])[] {
    return [...this.#series];
  }
}
