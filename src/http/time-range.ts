/** Times and steps of queries. */
import { FacepoolError } from '../contract/errors.ts';
import { MAX_STEP_S, readStep, readTime, TIME_FORMS } from '../util/time-text.ts';

export const DEFAULT_FROM = '-15m';
/** A client's clock may be ahead by so much. */
export const MAX_AHEAD_MS = 60_000;

export type TimeRange = { readonly from: number; readonly to: number };

/**
 * A point in time as milliseconds since 1970.
 * @param now what relative times count from, milliseconds since 1970
 * @throws FacepoolError `invalid_argument` naming the option
 */
export function parseTime(name: string, text: string, now: number): number {
  const at = readTime(text, now);
  if (at !== null) return at;
  throw new FacepoolError('invalid_argument', `Option ${name} must be a time: ${TIME_FORMS}.`, { param: name });
}

/**
 * From when to when; the last 15 minutes where nothing is said. What is to come is left out: it would be answered with
 * as many steps of nothing as there may be.
 * @throws FacepoolError `invalid_argument` for what is no time, and for a range that does not go forward
 */
export function parseRange(from: string | undefined, to: string | undefined, now: number): TimeRange {
  const end = to === undefined ? now : Math.min(parseTime('to', to, now), now + MAX_AHEAD_MS);
  const begin = parseTime('from', from ?? DEFAULT_FROM, now);
  if (begin < end) return { from: begin, to: end };
  throw new FacepoolError('invalid_argument', 'Option from must be a time before to.', { param: 'from' });
}

/** Seconds of a step; null for `auto`, which is also the default. */
export function parseStep(text: string | undefined): number | null {
  const step = readStep(text ?? 'auto');
  if (step === 'auto') return null;
  if (step !== null) return step;
  throw new FacepoolError('invalid_argument', `Option step must be auto, or seconds from 1 to ${MAX_STEP_S}.`, {
    param: 'step',
  });
}
