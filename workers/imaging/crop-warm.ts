/** Runs every crop kernel a few times on an empty picture, so that the first face does not pay for compiling them. */
import { setImmediate } from 'node:timers/promises';
import type { FiveLandmarks, Point } from '../../src/contract/geometry.ts';
import type { CropSpec } from '../../src/contract/manifest.ts';
import type { FaceGeometry } from '../../src/contract/protocol.ts';
import { cropBytes, cropFace } from './crop-face.ts';
import { toRaster } from './raster.ts';

const PICTURE = 256;
const CROP = 56;
/** Sides of the face: one that is enlarged, one that is averaged first. It begins outside the picture. */
const SIDES = [40, 220];
const OUTSIDE = -6;
/** After these V8 has compiled the loops; cold, a first crop takes 3–22 ms, then 0.3–1 ms. */
const ROUNDS = 6;

const TEMPLATE: FiveLandmarks = [
  [0.3, 0.4],
  [0.7, 0.4],
  [0.5, 0.6],
  [0.35, 0.8],
  [0.65, 0.8],
];

const SPECS: readonly CropSpec[] = [
  { kind: 'aligned', size: CROP, landmarks: 'five', template: TEMPLATE.map(([x, y]) => [x, y]), border: 'zero' },
  { kind: 'box', size: CROP, margin: 1, border: 'reflect-101' },
  { kind: 'box', size: CROP, margin: 1, border: 'inside' },
];

function faceOf(side: number): FaceGeometry {
  const at = ([x, y]: Point): Point => [x * side + OUTSIDE, y * side + OUTSIDE];
  const [a, b, c, d, e] = TEMPLATE;
  return {
    box: { x_min: OUTSIDE, y_min: OUTSIDE, x_max: OUTSIDE + side, y_max: OUTSIDE + side },
    landmarks: [at(a), at(b), at(c), at(d), at(e)],
  };
}

/** Takes about 60 ms of the main thread, in turns of a few, so that calls get in between. */
export async function warmCrops(): Promise<void> {
  const raster = toRaster(new Uint8Array(PICTURE * PICTURE * 3), PICTURE, PICTURE, 1);
  const faces = SIDES.map(faceOf);
  for (let round = 0; round < ROUNDS; round++) {
    for (const spec of SPECS) {
      const out = new Uint8Array(cropBytes(spec));
      for (const face of faces) cropFace(raster, face, spec, out);
      await setImmediate();
    }
  }
}
