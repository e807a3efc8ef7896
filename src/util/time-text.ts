/** Times and steps as people write them in queries and flags. */

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const RELATIVE = /^-(\d{1,9})([smhd])$/;
const UNIX_SECONDS = /^\d{1,11}(?:\.\d{1,6})?$/;
/** Date, or date and time; without a zone it is UTC, as the CSV's times are. */
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(Z|[+ -]\d\d:?\d\d)?)?$/;

export const TIME_FORMS = 'now, -15m, -2h, -7d, seconds since 1970, or ISO 8601';
/** Of one step, in seconds. */
export const MAX_STEP_S = 86_400;

/**
 * A point in time as milliseconds since 1970; null for what is none of {@link TIME_FORMS}.
 * @param now what relative times count from, milliseconds since 1970
 */
export function readTime(text: string, now: number): number | null {
  const at = text === 'now' ? now : (readRelative(text, now) ?? readAbsolute(text));
  return Number.isFinite(at) && at >= 0 ? Math.round(at) : null;
}

function readRelative(text: string, now: number): number | null {
  const [, count, unit = ''] = RELATIVE.exec(text) ?? [];
  return count === undefined ? null : now - Number(count) * (UNIT_MS[unit] ?? Number.NaN);
}

function readAbsolute(text: string): number {
  return UNIX_SECONDS.test(text) ? Number(text) * 1000 : readIso(text);
}

function readIso(text: string): number {
  const [, year, month, day, time = '00:00', zone = 'Z'] = ISO.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return Number.NaN;
  // Date would make the third of March of the thirty-first of February.
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(day) < 1 || Number(day) > lastDay) return Number.NaN;
  // A plus sign that was not escaped in the query has become a space.
  const offset = zone.replace(' ', '+').replace(/(\d\d)(\d\d)$/, '$1:$2');
  return Date.parse(`${year}-${month}-${day}T${time.replace(',', '.')}${offset}`);
}

/** Seconds of a step, or `auto`; null for what is neither. */
export function readStep(text: string): number | 'auto' | null {
  if (text === 'auto') return text;
  const step = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return step >= 1 && step <= MAX_STEP_S ? step : null;
}
