/** One rule and one subject over time: a pure step from sample to sample. Times are milliseconds since 1970. */
import type { AlertRule } from '../../contract/settings.ts';

export type AlertState = {
  /** `no_data`: never seen, or not for `NO_DATA_MS`. */
  readonly state: 'inactive' | 'pending' | 'firing' | 'no_data';
  /** When the state began. */
  readonly since: number;
  /** The last one that was known. */
  readonly value: number | null;
  /** When that was. */
  readonly seenAt: number | null;
};

/** Without data for so long, an alert says nothing about now any more. */
export const NO_DATA_MS = 60_000;

/**
 * @param value null: not known at the moment
 * @param gapMs samples that are further apart are not consecutive
 */
export function nextState(
  rule: AlertRule,
  before: AlertState | undefined,
  value: number | null,
  at: number,
  gapMs: number,
): AlertState {
  if (value === null) return withoutData(before, at);
  const seen = { value, seenAt: at };
  if (before?.state === 'firing') {
    return isOver(rule, value) ? { ...seen, state: 'inactive', since: at } : { ...before, ...seen };
  }
  if (value <= rule.above) {
    return { ...seen, state: 'inactive', since: before?.state === 'inactive' ? before.since : at };
  }
  const since = before?.state === 'pending' && isNext(before.seenAt, at, gapMs) ? before.since : at;
  return at - since >= rule.for_ms ? { ...seen, state: 'firing', since: at } : { ...seen, state: 'pending', since };
}

/** One missing value proves nothing: what was pending or firing stays so for a while. */
function withoutData(before: AlertState | undefined, at: number): AlertState {
  if (before === undefined || before.seenAt === null) {
    return { state: 'no_data', since: before?.since ?? at, value: null, seenAt: null };
  }
  // A clock that was set back must not keep an alert alive until it is there again.
  const seenAt = Math.min(before.seenAt, at);
  if (before.state === 'no_data' || at - seenAt < NO_DATA_MS) return { ...before, seenAt };
  return { ...before, state: 'no_data', since: at };
}

/** Where both bounds are the same there is no room between them: then it ends when it is not above any more. */
function isOver({ above, clear_below: clear }: AlertRule, value: number): boolean {
  return value < clear || (clear >= above && value <= above);
}

function isNext(seenAt: number | null, at: number, gapMs: number): boolean {
  return seenAt !== null && at >= seenAt && at - seenAt <= gapMs;
}
