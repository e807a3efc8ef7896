/** Markdown tables and figures for people. */

export type Table = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** The first column is left-aligned, the others right-aligned; padded so that it also reads well in a terminal. */
export function markdown(table: Table): string {
  const widths = table.head.map((h, c) => Math.max(3, h.length, ...table.rows.map((r) => (r[c] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((w, c) => (c === 0 ? (cells[c] ?? '').padEnd(w) : (cells[c] ?? '').padStart(w))).join(' | ')} |`;
  const rule = `| ${widths.map((w, c) => (c === 0 ? '-'.repeat(w) : `${'-'.repeat(w - 1)}:`)).join(' | ')} |`;
  return [line(table.head), rule, ...table.rows.map(line)].join('\n');
}

/** Three significant digits or so: 0.123, 1.23, 12.3, 123. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}

/** `1.70 (1.62–1.81)`: median and range. */
export function ranged(spread: { readonly mid: number; readonly min: number; readonly max: number }): string {
  if (!Number.isFinite(spread.mid)) return '–';
  return `${figure(spread.mid)} (${figure(spread.min)}–${figure(spread.max)})`;
}
