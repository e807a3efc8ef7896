/** `crop`: faces × specs → crops, each taken from the raster that has enough pixels of that face. */
import { FacepoolError } from '../../src/contract/errors.ts';
import { boxHeight, boxWidth } from '../../src/contract/geometry.ts';
import type { CropParams, CropResult, FaceGeometry, SharedTensor } from '../../src/contract/protocol.ts';
import type { Arena } from '../../src/frames/arena.ts';
import { cropBytes, scaleFace } from './crop-face.ts';
import type { CropJob } from './crop-face.ts';
import type { CropPool } from './crop-pool.ts';
import type { Frame } from './frame.ts';

/** Eyes closer than this in the reduced frame, in pixels, have lost detail that the models use. */
const MIN_EYES = 24;
/** The same limit for a face without landmarks: the longer side of its box. */
const MIN_BOX = 64;
/** What a larger decode aims at: embeddings from eyes 48 px apart equal those from full resolution (cosine ≥ .999). */
const GOAL_EYES = 48;
const GOAL_BOX = 128;

/**
 * Scale (raster pixels per picture pixel) at which this face has pixels enough, given the reduced frame's scale;
 * that scale itself when the reduced frame will do.
 */
export function wantedScale(face: FaceGeometry, reducedScale: number): number {
  const box = Math.max(boxWidth(face.box), boxHeight(face.box)) * reducedScale;
  if (!(box > 0) || !Number.isFinite(box)) return reducedScale;
  if (face.landmarks === null) return box < MIN_BOX ? (GOAL_BOX / box) * reducedScale : reducedScale;
  const [[ax, ay], [bx, by]] = face.landmarks;
  const eyes = Math.hypot(ax - bx, ay - by) * reducedScale;
  if (!(eyes < MIN_EYES)) return reducedScale;
  // A face in profile has its eyes together and is large all the same: its box decides.
  return Math.min(GOAL_EYES / eyes, GOAL_BOX / box) * reducedScale;
}

function check({ faces, specs }: CropParams): void {
  const aligned = specs.some((spec) => spec.kind === 'aligned');
  if (aligned && faces.some((face) => face.landmarks === null)) {
    const detail = 'aligned crops need landmarks, which this detector does not give';
    throw new FacepoolError('invalid_argument', detail, { param: 'detector' });
  }
}

/** Throws `invalid_argument` for an aligned spec and a face without landmarks. */
export async function cropFaces(
  frame: Frame,
  params: CropParams,
  pool: CropPool,
  arena: Arena | null = null,
): Promise<CropResult> {
  const started = performance.now();
  check(params);
  const { faces, specs } = params;
  const reduced = frame.scaleOf(frame.reduced);
  const reducedScale = Math.max(reduced.sx, reduced.sy);
  const wanted = faces.map((face) => Math.min(1, wantedScale(face, reducedScale)));
  const most = Math.max(reducedScale, ...wanted);
  const larger = most > reducedScale ? await frame.atScale(most) : { raster: frame.reduced, decoded: false };

  const rasters = [frame.reduced, larger.raster];
  const scales = rasters.map((raster) => frame.scaleOf(raster));
  const shared: (SharedTensor | null)[] = [];
  const outputs = specs.map((spec) => {
    const bytes = cropBytes(spec) * faces.length;
    // Threads cannot write there.
    const slot = pool.isCrowd(faces.length) ? null : (arena?.place(bytes) ?? null);
    shared.push(slot?.tensor ?? null);
    if (slot === null) return pool.allocate(bytes, faces.length);
    frame.adopt(slot);
    return slot.data;
  });
  const jobs: CropJob[] = [];
  for (const [i, face] of faces.entries()) {
    const raster = (wanted[i] ?? 0) > reducedScale ? 1 : 0;
    const { sx, sy } = scales[raster] ?? reduced;
    const scaled = scaleFace(face, sx, sy);
    for (const [s, spec] of specs.entries()) jobs.push({ raster, face: scaled, spec: s, offset: i * cropBytes(spec) });
  }
  await pool.run({ rasters, specs, outputs, jobs }, faces.length);
  const set = frame.keep({ specs, outputs, faces: faces.length });
  return { set, cropMs: performance.now() - started, decodedAgain: larger.decoded, shared };
}
