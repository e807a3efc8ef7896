/** Shares of the traffic, in percent. */

export const LEAST = 0.1;
export const MOST = 99.9;

/** @param {number} value @returns {number} the nearest share that there is */
export function toShare(value) {
  if (!Number.isFinite(value)) return LEAST;
  return Math.round(Math.min(MOST, Math.max(LEAST, value)) * 10) / 10;
}
