/** Lines that fit a terminal. */
import type { Io } from './io.ts';
import { type Cell, charactersOf, type Column, tableLines, textWidth } from './table.ts';

export type FitColumn = Column & {
  /** Left out first where there is no room: the largest; 0: never. */
  readonly spare: number;
};

/** Columns of a terminal; infinite where there is none. */
export function widthOf(io: Io): number {
  return io.stdout.isTTY === true ? (io.stdout.columns ?? 80) : Number.POSITIVE_INFINITY;
}

/** A table without the columns that have no room, and without those that say nothing in any row. */
export function fitTable(
  io: Io,
  columns: readonly FitColumn[],
  rows: readonly (readonly Cell[])[],
  width: number,
): string[] {
  let kept = columns.map((_, place) => place);
  for (;;) {
    const shown = kept.flatMap((place) => columns[place] ?? []);
    const lines = tableLines(
      io,
      shown,
      rows.map((row) => kept.map((place) => row[place] ?? '')),
    );
    const most = Math.max(0, ...shown.map(({ spare }) => spare));
    if (most === 0 || Math.max(...lines.map(textWidth)) <= width) return lines;
    kept = kept.filter((place) => columns[place]?.spare !== most);
  }
}

/** The text (not painted yet), or its begin and an ellipsis. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  return `${charactersOf(text)
    .slice(0, Math.max(0, width - 1))
    .join('')}…`;
}
