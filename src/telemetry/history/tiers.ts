/** How finely the past is kept on disk: every sample, and means of 10 and of 60 seconds, so that long ranges are fast. */

export type Tier = {
  /** Its number in the database. */
  readonly id: number;
  /** Milliseconds; 0: the samples as they came. */
  readonly stepMs: number;
  /** Milliseconds of one chunk: a row in the database. Each is a multiple of the one before. */
  readonly chunkMs: number;
};

const SECOND = 1000;
export const RAW: Tier = { id: 0, stepMs: 0, chunkMs: 300 * SECOND };
export const MEANS: readonly Tier[] = [
  { id: 1, stepMs: 10 * SECOND, chunkMs: 3000 * SECOND },
  { id: 2, stepMs: 60 * SECOND, chunkMs: 18_000 * SECOND },
];
export const TIERS: readonly Tier[] = [RAW, ...MEANS];

/**
 * From here on means are taken too where they lie across the border of two steps (each counts where it begins): else one
 * question could read every sample of a week. In long ranges they are taken as soon as a step has one.
 */
const COARSE_ENOUGH = 3;
const LONG_MS = 24 * 3600 * SECOND;

/** The coarsest tier that answers `count` steps of this length: they are multiples of its own, or much longer. */
export function tierFor(stepMs: number, count: number): Tier {
  const exact = MEANS.findLast((tier) => stepMs % tier.stepMs === 0);
  if (exact !== undefined) return exact;
  const coarse = MEANS.findLast((tier) => stepMs >= COARSE_ENOUGH * tier.stepMs);
  const enough = stepMs * count > LONG_MS ? MEANS.find((tier) => stepMs >= tier.stepMs) : undefined;
  return coarse ?? enough ?? RAW;
}
