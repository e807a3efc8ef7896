/** Logits to probabilities. */

/** Overflows for no x: exp only ever sees values ≤ 0. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** Values that are positive and add up to 1. */
export function softmax(logits: Float32Array): Float32Array {
  const max = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - max));
  let sum = 0;
  for (const p of powers) sum += p;
  return powers.map((p) => p / sum);
}

/** Values below 0 to 0 and above 1 to 1; NaN stays NaN. */
export function clampUnit(x: number): number {
  return Math.min(1, Math.max(0, x));
}
