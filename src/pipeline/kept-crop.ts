/** The crop of an enrolled face that is kept: enough to embed it anew, without detection, when the recognizer changes. */
import { FacepoolError } from '../contract/errors.ts';
import type { Point } from '../contract/geometry.ts';
import type { NewFace } from '../contract/people.ts';
import type { Frame } from '../router/imaging-client.ts';
import { faceGeometry } from './describe-faces.ts';
import type { FaceRecord } from './face-record.ts';

/**
 * Of the box's sides, on every side. An aligned crop is at most 3.2 eye distances wide (ArcFace's template), a box about
 * 2, and so twice the box holds it also where the head is tilted.
 */
const MARGIN = 0.5;
/** Above what any recognizer takes: with the face as large as it was in the detector's picture. */
export const MAX_SIDE = 512;
const QUALITY = 95;

/** @throws FacepoolError `internal` where imaging gave no JPEG */
export async function keptCrop(
  frame: Frame,
  face: FaceRecord,
  signal: AbortSignal,
): Promise<NonNullable<NewFace['crop']>> {
  const asked = { faces: [faceGeometry(face)], margin: MARGIN, quality: QUALITY, maxSide: MAX_SIDE };
  const { jpegs, places } = await frame.encode(asked, signal);
  const [jpeg, place] = [jpegs[0], places[0]];
  if (jpeg === undefined || place === undefined) throw new FacepoolError('internal', 'imaging gave no crop to keep');
  const { left, top, scaleX, scaleY } = place;
  const move = ([x, y]: Point): Point => [(x - left) * scaleX, (y - top) * scaleY];
  return { jpeg, landmarks: face.landmarks?.map(move) ?? [] };
}
