/** Geometry in pixels; x to the right, y down, the origin at the top left corner of the upright picture. */

export type Point = readonly [x: number, y: number];

export type Box = { readonly x_min: number; readonly y_min: number; readonly x_max: number; readonly y_max: number };

/** Eye on the left of the picture, eye on the right, nose, mouth left, mouth right. */
export type FiveLandmarks = readonly [Point, Point, Point, Point, Point];

/** A detected face. `landmarks` is null for detectors that give none. */
export type DetectedFace = {
  readonly box: Box;
  /** 0..1 */
  readonly score: number;
  readonly landmarks: FiveLandmarks | null;
};

export function boxWidth(box: Box): number {
  return box.x_max - box.x_min;
}

export function boxHeight(box: Box): number {
  return box.y_max - box.y_min;
}

export function boxArea(box: Box): number {
  return Math.max(0, boxWidth(box)) * Math.max(0, boxHeight(box));
}
