/** LightQNet: one quality score per face, higher is better. */
import { clampUnit } from '../math/probability.ts';
import { rows } from './decoder.ts';
import type { GraphRun } from './decoder.ts';

/** [count], 0..1. */
export function decodeQuality(run: GraphRun): Float32Array {
  return rows(run, 1, true).data.map(clampUnit);
}
