/** From a question for a range of time to steps that can be answered. */
import { FacepoolError } from '../../contract/errors.ts';
import type { HistoryQuery } from '../../contract/history.ts';
import type { Grid } from './buckets.ts';

/** Most values of one column in one answer. */
export const MOST_POINTS = 11_000;
const WANTED_POINTS = 600;
const SHORTEST_STEP_MS = 500;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The last date of JavaScript. */
const LAST_DATE = 8.64e15;

/** Multiples that the steps of the stored means divide, from this step on. */
const NICE: readonly { readonly upTo: number; readonly of: number }[] = [
  { upTo: 10 * SECOND, of: SECOND },
  { upTo: MINUTE, of: 10 * SECOND },
  { upTo: HOUR, of: MINUTE },
  { upTo: 24 * HOUR, of: HOUR },
];

function invalid(param: string, detail: string): FacepoolError {
  return new FacepoolError('invalid_argument', detail, { param });
}

/** The step for about 600 points, never shorter than the time between two samples. Milliseconds. */
function fittingStep(rangeMs: number, sampleMs: number): number {
  const step = Math.max(rangeMs / WANTED_POINTS, sampleMs);
  const of = NICE.find(({ upTo }) => step <= upTo)?.of ?? 24 * HOUR;
  return Math.ceil(step / of) * of;
}

type Range = Pick<HistoryQuery, 'from' | 'to' | 'stepS'>;

/** Throws `invalid_argument` for a range that is empty or no range, and for a step that is none. */
export function checkRange({ from, to, stepS }: Range): void {
  for (const [param, at] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (!Number.isFinite(at) || Math.abs(at) > LAST_DATE) throw invalid(param, `${param} is not a time`);
  }
  if (from >= to) throw invalid('from', 'from has to be before to');
  if (stepS !== null && !(Number.isFinite(stepS) && stepS * SECOND >= SHORTEST_STEP_MS)) {
    throw invalid('step', `step has to be at least ${SHORTEST_STEP_MS / SECOND} seconds`);
  }
}

/** Milliseconds: the step that is asked for, or one for about 600 points that is not shorter than `sampleMs`. */
export function stepOf({ from, to, stepS }: Range, sampleMs: number): number {
  return stepS === null ? fittingStep(to - from, sampleMs) : Math.round(stepS * SECOND);
}

/**
 * The steps of the answer: they begin at multiples of their length, the first one at or before `from`.
 * Throws as {@link checkRange}, and for a step that gives too many points.
 */
export function planSteps(query: Range, sampleMs: number): Grid {
  checkRange(query);
  const { from, to } = query;
  const stepMs = stepOf(query, sampleMs);
  const t0 = Math.floor(from / stepMs) * stepMs;
  const count = Math.ceil((to - t0) / stepMs);
  if (count > MOST_POINTS) {
    // One point more than the range needs, for the begin that is not at a multiple.
    const smallest = Math.ceil((to - from) / (MOST_POINTS - 1) / SECOND);
    throw invalid(
      'step',
      `the range has ${count} steps, more than ${MOST_POINTS}; step has to be at least ${smallest} seconds`,
    );
  }
  return { t0, stepMs, count };
}

/** The steps of a grid before and from `cut`; a part without steps is null. The cut moves up to the begin of a step. */
export function splitGrid(grid: Grid, cut: number): { readonly before: Grid | null; readonly after: Grid | null } {
  const { t0, stepMs, count } = grid;
  const first = Math.min(count, Math.max(0, Math.ceil((cut - t0) / stepMs)));
  return {
    before: first === 0 ? null : { t0, stepMs, count: first },
    after: first === count ? null : { t0: t0 + first * stepMs, stepMs, count: count - first },
  };
}
