/** CSV as RFC 4180 has it. */

/** @typedef {string | number | null | undefined} Cell */

/**
 * @param {Cell} cell
 */
export function csvCell(cell) {
  if (cell === null || cell === undefined) return '';
  const text = String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * @param {readonly string[]} header
 * @param {Iterable<readonly Cell[]>} rows
 */
export function toCsv(header, rows) {
  const lines = [header.map(csvCell).join(',')];
  for (const row of rows) lines.push(row.map(csvCell).join(','));
  return `${lines.join('\n')}\n`;
}

/**
 * UTC with microseconds, as the monitoring document writes it: `2025-04-05T10:23:45.123456`.
 * @param {number} seconds since 1970
 */
export function csvTime(seconds) {
  const micros = Math.round(seconds * 1e6);
  const whole = Math.floor(micros / 1e6);
  const fraction = String(micros - whole * 1e6).padStart(6, '0');
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${fraction}`;
}
