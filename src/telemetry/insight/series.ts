/** Arithmetic over columns of the history. Unknown entries (null) are left out. */

export type Series = readonly (number | null)[];

export function known(values: Series): number[] {
  return values.filter((value) => value !== null);
}

/** Null where nothing is known. */
export function mean(values: Series): number | null {
  const numbers = known(values);
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** @param q 0 (the smallest) to 1 (the largest); the nearest entry, not between two */
export function quantile(values: Series, q: number): number | null {
  const sorted = known(values).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
}

export function median(values: Series): number | null {
  return quantile(values, 0.5);
}

export type Peak = { readonly index: number; readonly value: number };

/** The first of the largest. */
export function peak(values: Series): Peak | null {
  let best: Peak | null = null;
  for (const [index, value] of values.entries()) {
    if (value !== null && (best === null || value > best.value)) best = { index, value };
  }
  return best;
}

/** The entries at these places. */
export function pick(values: Series, places: readonly number[]): Series {
  return places.map((place) => values[place] ?? null);
}

/** Places whose entry is known and passes. */
export function placesWhere(values: Series, passes: (value: number, place: number) => boolean): number[] {
  return values.flatMap((value, place) => (value !== null && passes(value, place) ? [place] : []));
}

export type Run = { readonly first: number; readonly last: number };

/** Rising places → stretches; fewer than `gap` places between two do not part them. */
export function runsOf(places: readonly number[], gap = 1): Run[] {
  const runs: Run[] = [];
  for (const place of places) {
    const run = runs.at(-1);
    if (run !== undefined && place - run.last <= gap) runs[runs.length - 1] = { first: run.first, last: place };
    else runs.push({ first: place, last: place });
  }
  return runs;
}
