/** Cosines of L2-normalised embeddings, and what people read instead. */
import { FacepoolError } from '../contract/errors.ts';
import type { RecognizerManifest } from '../contract/manifest.ts';
import { round } from './face-record.ts';

const DEFAULT_FALSE_ACCEPT_RATE = 1e-4;

export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new FacepoolError('space_mismatch', 'embeddings of different lengths');
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return Math.max(-1, Math.min(1, sum));
}

/** 0..1 with 0.5 at the manifest's accept threshold: (tanh((c0 − d)·c1) + 1) / 2 with d = √(2 − 2·cosine). */
export function similarity(cos: number, manifest: RecognizerManifest): number {
  const { c0, c1 } = manifest.recognizer.similarity;
  const distance = Math.sqrt(Math.max(0, 2 - 2 * cos));
  return round((Math.tanh((c0 - distance) * c1) + 1) / 2, 4);
}

/**
 * The least cosine of a match. `asked` is a false accept rate that the manifest names, or else a cosine.
 * A small number that is no named rate is refused: as a cosine it would accept nearly everybody.
 */
export function matchThreshold(asked: number | undefined, manifest: RecognizerManifest): number {
  const rates = Object.entries(manifest.recognizer.thresholds).map(([rate, cos]) => ({ rate: Number(rate), cos }));
  const wanted = asked ?? DEFAULT_FALSE_ACCEPT_RATE;
  const named = rates.find((r) => Math.abs(r.rate - wanted) <= r.rate * 1e-6);
  if (named !== undefined) return named.cos;
  if (asked === undefined) return Math.max(...rates.map((r) => r.cos));
  if (wanted > 0 && wanted < 0.05) {
    const known = Object.keys(manifest.recognizer.thresholds).join(', ');
    const detail = `match_threshold ${wanted} is no false accept rate of this model (${known}) and too small for a cosine`;
    throw new FacepoolError('invalid_argument', detail, { param: 'match_threshold' });
  }
  return wanted;
}
