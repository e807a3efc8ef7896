/** Similarity transforms: rotation, one scale, translation; never a reflection. */
import type { FiveLandmarks, Point } from '../../src/contract/geometry.ts';

/** x′ = a·x − b·y + tx, y′ = b·x + a·y + ty. */
export type Similarity = { readonly a: number; readonly b: number; readonly tx: number; readonly ty: number };

/**
 * The transform that takes `from` to `to` with the least sum of squared distances.
 * Null when the points do not determine one: all equal, not finite, or different in number.
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity | null {
  const n = from.length;
  if (n < 2 || n !== to.length) return null;
  let fx = 0;
  let fy = 0;
  let gx = 0;
  let gy = 0;
  for (const [i, [x, y]] of from.entries()) {
    const [u, v] = to[i] ?? [Number.NaN, Number.NaN];
    fx += x / n;
    fy += y / n;
    gx += u / n;
    gy += v / n;
  }
  let dot = 0;
  let cross = 0;
  let spread = 0;
  for (const [i, [x, y]] of from.entries()) {
    const [u, v] = to[i] ?? [Number.NaN, Number.NaN];
    const px = x - fx;
    const py = y - fy;
    dot += px * (u - gx) + py * (v - gy);
    cross += px * (v - gy) - py * (u - gx);
    spread += px * px + py * py;
  }
  const a = dot / spread;
  const b = cross / spread;
  const tx = gx - a * fx + b * fy;
  const ty = gy - b * fx - a * fy;
  // A scale of nearly nothing has no usable inverse.
  if (!Number.isFinite(tx) || !Number.isFinite(ty) || !(spread > 1e-6) || !(Math.hypot(a, b) > 1e-6)) return null;
  return { a, b, tx, ty };
}

export function invert({ a, b, tx, ty }: Similarity): Similarity {
  const s2 = a * a + b * b;
  const ia = a / s2;
  const ib = -b / s2;
  return { a: ia, b: ib, tx: -(ia * tx - ib * ty), ty: -(ib * tx + ia * ty) };
}

/** The landmarks that a template of this scheme is made for, in its order. */
export function templatePoints(landmarks: FiveLandmarks, scheme: 'five' | 'eyes-mouth'): readonly Point[] {
  if (scheme === 'five') return landmarks;
  const [left, right, , mouthLeft, mouthRight] = landmarks;
  return [left, right, [(mouthLeft[0] + mouthRight[0]) / 2, (mouthLeft[1] + mouthRight[1]) / 2]];
}
