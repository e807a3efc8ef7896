/** Flags that are times: refused here where they are none, before a server is asked. They are sent as they were written. */
import { MAX_STEP_S, readStep, readTime, TIME_FORMS } from '../util/time-text.ts';
import { usageError } from './cli-error.ts';

export type RangeText = { readonly from: string; readonly to: string };

/** @throws CliError (usage) */
export function checkRange(range: RangeText, now: number): RangeText {
  const from = checkTime('from', range.from, now);
  if (from < checkTime('to', range.to, now)) return range;
  throw usageError(`--from ${range.from}: must be a time before --to ${range.to}`);
}

/** @throws CliError (usage) */
export function checkStep(text: string | undefined): void {
  if (text === undefined || readStep(text) !== null) return;
  throw usageError(`--step ${text}: must be auto, or seconds from 1 to ${MAX_STEP_S}`);
}

/**
 * `15m` (meant back from now), or a time as the API takes it → as the API takes it.
 * @throws CliError (usage)
 */
export function sinceText(text: string, now: number): string {
  const since = /^\d+[smhd]$/.test(text) ? `-${text}` : text;
  checkTime('since', since, now);
  return since;
}

function checkTime(flag: string, text: string, now: number): number {
  const at = readTime(text, now);
  if (at !== null) return at;
  throw usageError(`--${flag} ${text}: must be ${TIME_FORMS}`);
}
