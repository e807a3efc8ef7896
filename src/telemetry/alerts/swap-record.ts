/** How the last updates of each model went. */
import type { AlertMetric } from '../../contract/settings.ts';
import type { EventMap } from '../events.ts';
import type { Reading } from './readings.ts';

type SwapEnd = EventMap['swap.end'];

/** Updates of one model that the error ratio is taken of. */
const REMEMBERED = 10;

export type SwapRecord = {
  add(swap: SwapEnd): void;
  /** The figure of a model stays until its next update. None for the metrics of devices. */
  readings(metric: AlertMetric): Reading[];
  /** Oldest first; empty for a model that was not updated. */
  of(model: string): readonly SwapEnd[];
};

export function createSwapRecord(): SwapRecord {
  const byModel = new Map<string, readonly SwapEnd[]>();
  const readings = (figure: (swaps: readonly SwapEnd[]) => number | null): Reading[] =>
    [...byModel].map(([subject, swaps]) => ({ subject, value: figure(swaps) }));

  return {
    add(swap) {
      byModel.set(swap.model, [...(byModel.get(swap.model) ?? []), swap].slice(-REMEMBERED));
    },
    readings(metric) {
      if (metric === 'swap_seconds') return readings((swaps) => swaps.at(-1)?.seconds ?? null);
      if (metric === 'swap_error_ratio') return readings((swaps) => failures(swaps) / swaps.length);
      return [];
    },
    of: (model) => byModel.get(model) ?? [],
  };
}

/** One that was rolled back did not bring the new version either. */
export function failures(swaps: readonly SwapEnd[]): number {
  return swaps.filter(({ result }) => result !== 'ok').length;
}
