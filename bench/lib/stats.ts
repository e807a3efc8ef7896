/** Statistics over samples. Nothing here draws random numbers, so a table can be made again from its raw file. */

/** Linear interpolation between closest ranks; `q` in 0..1. NaN without samples. */
export function percentile(samples: readonly number[], q: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * Math.min(1, Math.max(0, q));
  const low = Math.floor(at);
  const below = sorted[low] ?? Number.NaN;
  const above = sorted[low + 1] ?? below;
  return below + (above - below) * (at - low);
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

export type Spread = { readonly mid: number; readonly min: number; readonly max: number };

/** Median, least and greatest. */
export function spread(samples: readonly number[]): Spread {
  return { mid: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
}

/**
 * Ratios of two variants round by round. Noise that lasts longer than a round hits both sides of a ratio,
 * so their spread is smaller than that of the figures themselves. Rounds in which either side has no figure are left out.
 */
export function pairedRatios(over: readonly number[], under: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = 0; i < Math.min(over.length, under.length); i++) {
    const a = over[i];
    const b = under[i];
    if (a !== undefined && b !== undefined && Number.isFinite(a) && Number.isFinite(b) && b !== 0) out.push(a / b);
  }
  return out;
}

/** Median of the paired ratios with their range. NaN where nothing could be paired. */
export function ratio(over: readonly number[], under: readonly number[]): Spread {
  const ratios = pairedRatios(over, under);
  if (ratios.length === 0) return { mid: Number.NaN, min: Number.NaN, max: Number.NaN };
  return spread(ratios);
}
