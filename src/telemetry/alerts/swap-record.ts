/** How the last updates of each model went. */
import type { AlertMetric } from '../../contract/settings.ts';
import type { EventMap } from '../events.ts';
import type { Reading } from './readings.ts';

type SwapEnd = EventMap['swap.end'];

/** Updates of one model that the error ratio is taken of. */
const REMEMBERED = 10;
/** What is older says nothing of now: nobody has to update a model so that an alert ends. */
export const TIME_COUNTS_MS = 3_600_000;
const RESULT_COUNTS_MS = 86_400_000;
/** Of fewer updates there is no ratio: one that failed is an event, and no more. */
const LEAST_UPDATES = 3;

export type SwapRecord = {
  add(swap: SwapEnd): void;
  /**
   * The time of the last update within an hour, and the failed ones of those within a day if they are three or more.
   * None for the metrics of devices.
   * @param at milliseconds since 1970
   */
  readings(metric: AlertMetric, at: number): Reading[];
  /** Those within a day, oldest first; empty for a model that was not updated. */
  of(model: string, at: number): readonly SwapEnd[];
};

export function createSwapRecord(): SwapRecord {
  const byModel = new Map<string, readonly SwapEnd[]>();
  const within = (model: string, at: number, ms: number): readonly SwapEnd[] =>
    (byModel.get(model) ?? []).filter((swap) => at - swap.at < ms);
  const readings = (at: number, ms: number, figure: (swaps: readonly SwapEnd[]) => number | null): Reading[] =>
    [...byModel.keys()].flatMap((subject) => {
      const value = figure(within(subject, at, ms));
      return value === null ? [] : [{ subject, value }];
    });

  return {
    add(swap) {
      byModel.set(swap.model, [...(byModel.get(swap.model) ?? []), swap].slice(-REMEMBERED));
    },
    readings(metric, at) {
      if (metric === 'swap_seconds') return readings(at, TIME_COUNTS_MS, (swaps) => swaps.at(-1)?.seconds ?? null);
      if (metric === 'swap_error_ratio') return readings(at, RESULT_COUNTS_MS, errorRatio);
      return [];
    },
    of: (model, at) => within(model, at, RESULT_COUNTS_MS),
  };
}

function errorRatio(swaps: readonly SwapEnd[]): number | null {
  return swaps.length < LEAST_UPDATES ? null : failures(swaps) / swaps.length;
}

/** One that was rolled back did not bring the new version either. */
export function failures(swaps: readonly SwapEnd[]): number {
  return swaps.filter(({ result }) => result !== 'ok').length;
}
