/** Times and steps as clients write them in queries. */
import { FacepoolError } from '../contract/errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const RELATIVE = /^-(\d{1,9})([smhd])$/;
const UNIX_SECONDS = /^\d{1,11}(?:\.\d{1,6})?$/;
/** Date, or date and time; without a zone it is UTC, as the CSV's times are. */
const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(Z|[+ -]\d\d:?\d\d)?)?$/;
const MAX_STEP_S = 86_400;

export const TIME_FORMS = 'now, -15m, -2h, -7d, seconds since 1970, or ISO 8601';
export const DEFAULT_FROM = '-15m';

export type TimeRange = { readonly from: number; readonly to: number };

/**
 * A point in time as milliseconds since 1970.
 * @param now what relative times count from, milliseconds since 1970
 * @throws FacepoolError `invalid_argument` naming the option
 */
export function parseTime(name: string, text: string, now: number): number {
  if (text === 'now') return now;
  const relative = RELATIVE.exec(text);
  const at =
    relative === null
      ? UNIX_SECONDS.test(text)
        ? Number(text) * 1000
        : parseIso(text)
      : now - Number(relative[1]) * (UNIT_MS[relative[2] ?? ''] ?? Number.NaN);
  if (Number.isFinite(at) && at >= 0) return Math.round(at);
  throw new FacepoolError('invalid_argument', `Option ${name} must be a time: ${TIME_FORMS}.`, { param: name });
}

function parseIso(text: string): number {
  const [, year, month, day, time = '00:00', zone = 'Z'] = ISO.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return Number.NaN;
  // Date would make the third of March of the thirty-first of February.
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(day) < 1 || Number(day) > lastDay) return Number.NaN;
  // A plus sign that was not escaped in the query has become a space.
  const offset = zone.replace(' ', '+').replace(/(\d\d)(\d\d)$/, '$1:$2');
  return Date.parse(`${year}-${month}-${day}T${time.replace(',', '.')}${offset}`);
}

/**
 * From when to when; the last 15 minutes where nothing is said.
 * @throws FacepoolError `invalid_argument` for what is no time, and for a range that does not go forward
 */
export function parseRange(from: string | undefined, to: string | undefined, now: number): TimeRange {
  const end = to === undefined ? now : parseTime('to', to, now);
  const begin = parseTime('from', from ?? DEFAULT_FROM, now);
  if (begin < end) return { from: begin, to: end };
  throw new FacepoolError('invalid_argument', 'Option from must be a time before to.', { param: 'from' });
}

/** Seconds of a step; null for `auto`, which is also the default. */
export function parseStep(text: string | undefined): number | null {
  if (text === undefined || text === 'auto') return null;
  const step = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (step >= 1 && step <= MAX_STEP_S) return step;
  throw new FacepoolError('invalid_argument', `Option step must be auto, or seconds from 1 to ${MAX_STEP_S}.`, {
    param: 'step',
  });
}
