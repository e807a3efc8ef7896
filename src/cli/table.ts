/** Aligned columns for people. */
import { stripVTControlCharacters } from 'node:util';
import { type Io, paint, printable, printLine, type Style } from './io.ts';

export type Cell = string | number | { readonly text: string; readonly style?: Style | undefined };
export type Column = { readonly title: string; readonly align?: 'left' | 'right' };

function textOf(cell: Cell): string {
  return printable(typeof cell === 'object' ? cell.text : String(cell));
}

const segmenter = new Intl.Segmenter('en');

/** Characters as people count them: an accent or an emoji of several code points is one. */
export function charactersOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function lengthOf(text: string): number {
  return charactersOf(text).length;
}

/** Characters of a line that is printed, without what paints it. */
export function textWidth(line: string): number {
  return lengthOf(stripVTControlCharacters(line));
}

/** Prints a title row and the rows. */
export function printTable(io: Io, columns: readonly Column[], rows: readonly (readonly Cell[])[]): void {
  for (const line of tableLines(io, columns, rows)) printLine(io.stdout, line);
}

/** A title row and the rows; cells are padded by their number of characters. Trailing blanks are left out. */
export function tableLines(io: Io, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string[] {
  const widths = columns.map(({ title }, i) =>
    Math.max(lengthOf(title), ...rows.map((row) => lengthOf(textOf(row[i] ?? '')))),
  );
  const line = (cells: readonly Cell[], style?: Style): string =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? '';
        const text = textOf(cell);
        const blanks = ' '.repeat(Math.max(0, (widths[i] ?? 0) - lengthOf(text)));
        const painted = paint(io, style ?? (typeof cell === 'object' ? cell.style : undefined), text);
        return column.align === 'right' ? blanks + painted : painted + blanks;
      })
      .join('  ')
      .trimEnd();
  const titles = line(
    columns.map((c) => c.title),
    'bold',
  );
  return [titles, ...rows.map((row) => line(row))];
}
