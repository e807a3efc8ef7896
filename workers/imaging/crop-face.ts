/** One face, one crop: what the main thread and the crop threads both run. */
import type { Box, FiveLandmarks, Point } from '../../src/contract/geometry.ts';
import type { CropSpec } from '../../src/contract/manifest.ts';
import type { FaceGeometry } from '../../src/contract/protocol.ts';
import { fitSimilarity, invert, templatePoints } from './align.ts';
import { cropBox } from './box-crop.ts';
import type { Raster } from './raster.ts';
import { warp } from './warp.ts';

/** A crop to be made: `face` in pixels of the raster, `offset` in the spec's output. */
export type CropJob = {
  readonly raster: number;
  readonly face: FaceGeometry;
  readonly spec: number;
  readonly offset: number;
};

/** Everything a thread needs; for threads the rasters and outputs are in shared memory. */
export type CropBatch = {
  readonly rasters: readonly Raster[];
  readonly specs: readonly CropSpec[];
  readonly outputs: readonly Uint8Array[];
  readonly jobs: readonly CropJob[];
};

export function cropBytes(spec: CropSpec): number {
  return spec.size * spec.size * 3;
}

/** From pixels of the upright picture to pixels of a raster of it. */
export function scaleFace(face: FaceGeometry, sx: number, sy: number): FaceGeometry {
  const at = ([x, y]: Point): Point => [x * sx, y * sy];
  const { x_min, y_min, x_max, y_max } = face.box;
  const box: Box = { x_min: x_min * sx, y_min: y_min * sy, x_max: x_max * sx, y_max: y_max * sy };
  if (face.landmarks === null) return { box, landmarks: null };
  const [a, b, c, d, e] = face.landmarks;
  const landmarks: FiveLandmarks = [at(a), at(b), at(c), at(d), at(e)];
  return { box, landmarks };
}

/** Fills `out` ([size, size, 3] RGB). Geometry from which no crop can be made gives zeros. */
export function cropFace(raster: Raster, face: FaceGeometry, spec: CropSpec, out: Uint8Array): void {
  if (spec.kind === 'box') {
    cropBox(raster, face.box, spec, out);
    return;
  }
  const template = spec.template.map(([x, y]): Point => [x * spec.size, y * spec.size]);
  const toCrop =
    face.landmarks === null ? null : fitSimilarity(templatePoints(face.landmarks, spec.landmarks), template);
  if (toCrop === null) out.fill(0);
  else warp(raster, invert(toCrop), spec.size, out);
}

export function runBatch({ rasters, specs, outputs, jobs }: CropBatch): void {
  for (const job of jobs) {
    const raster = rasters[job.raster];
    const spec = specs[job.spec];
    const output = outputs[job.spec];
    if (raster === undefined || spec === undefined || output === undefined) throw new RangeError('crop job');
    cropFace(raster, job.face, spec, output.subarray(job.offset, job.offset + cropBytes(spec)));
  }
}
