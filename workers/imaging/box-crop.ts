/** Square inputs from a face's box, as the liveness models were trained to see them. */
import { boxHeight, boxWidth } from '../../src/contract/geometry.ts';
import type { Box } from '../../src/contract/geometry.ts';
import type { CropSpec } from '../../src/contract/manifest.ts';
import type { Raster } from './raster.ts';
import { resample } from './resample.ts';
import type { Area } from './resample.ts';

/** A square of margin × max(w, h) about the centre of the box; reaches outside the picture where it must. */
export function squareArea(box: Box, margin: number): Area {
  const side = Math.max(1, Math.trunc(Math.max(boxWidth(box), boxHeight(box)) * margin));
  const x = Math.trunc((box.x_min + box.x_max) / 2 - side / 2);
  const y = Math.trunc((box.y_min + box.y_max) / 2 - side / 2);
  return { x, y, width: side, height: side };
}

/** One axis of `insideArea`: [first, last] pixel. */
function shiftInside(centre: number, length: number, limit: number): [number, number] {
  let low = centre - length / 2;
  let high = centre + length / 2;
  if (low < 0) {
    high -= low;
    low = 0;
  }
  if (high > limit - 1) {
    low -= high - (limit - 1);
    high = limit - 1;
  }
  return [Math.max(0, Math.trunc(low)), Math.max(0, Math.trunc(high))];
}

/**
 * The box scaled about its centre, but no larger than the picture, then shifted to lie inside it.
 * Not a square unless the box is: the model was trained on what a plain resize makes of it.
 */
export function insideArea(box: Box, margin: number, width: number, height: number): Area {
  const w = Math.max(1, boxWidth(box));
  const h = Math.max(1, boxHeight(box));
  const scale = Math.min((height - 1) / h, (width - 1) / w, margin);
  const [left, right] = shiftInside((box.x_min + box.x_max) / 2, w * scale, width);
  const [top, bottom] = shiftInside((box.y_min + box.y_max) / 2, h * scale, height);
  return { x: left, y: top, width: Math.max(1, right - left + 1), height: Math.max(1, bottom - top + 1) };
}

/** Fills `out` ([size, size, 3] RGB); zeros for a box that is not finite or absurdly large. */
export function cropBox(raster: Raster, box: Box, spec: Extract<CropSpec, { kind: 'box' }>, out: Uint8Array): void {
  const mirrored = spec.border === 'reflect-101';
  const area = mirrored ? squareArea(box, spec.margin) : insideArea(box, spec.margin, raster.width, raster.height);
  const reach = 16 * (raster.width + raster.height);
  const sane = [area.x, area.y, area.width, area.height].every((n) => Number.isFinite(n) && Math.abs(n) <= reach);
  if (!sane) {
    out.fill(0);
    return;
  }
  // facenox was trained on INTER_AREA, MiniFASNet on a plain cv2.resize.
  resample(raster, area, spec.size, mirrored ? 'area' : 'bilinear', out);
}
