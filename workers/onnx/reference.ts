/** Preprocessing in plain JavaScript: what an imported graph is compared with, and golden tensors are made by. */
import type { GraphSpec } from '../../src/contract/manifest.ts';

/** [batch, height, width, 3] */
export type ImageShape = readonly [batch: number, height: number, width: number, channels: 3];

/**
 * RGB uint8 NHWC → float32 NCHW in the model's colour order, (x − mean) / std.
 * @param pixels `shape` as uint8
 */
export function toFloatNchw(pixels: Uint8Array, shape: ImageShape, input: GraphSpec['input']): Float32Array {
  const [batch, height, width] = shape;
  const plane = height * width;
  const out = new Float32Array(batch * 3 * plane);
  for (const [c, mean] of input.mean.entries()) {
    const source = input.color === 'bgr' ? 2 - c : c;
    const std = input.std[c] ?? 1;
    for (let n = 0; n < batch; n++) {
      for (let i = 0; i < plane; i++) {
        out[(n * 3 + c) * plane + i] = ((pixels[(n * plane + i) * 3 + source] ?? 0) - mean) / std;
      }
    }
  }
  return out;
}
