/** `encode`: faces as JPEG pictures for people to look at. */
import sharp from 'sharp';
import { boxHeight, boxWidth } from '../../src/contract/geometry.ts';
import type { Box } from '../../src/contract/geometry.ts';
import type { EncodeParams, EncodeResult, JpegPlace } from '../../src/contract/protocol.ts';
import type { Frame } from './frame.ts';
import type { Raster } from './raster.ts';

/** Longest side of a face's JPEG, where none is asked for. */
const MAX_SIDE = 1024;

export type Region = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

/** The box grown by `margin` of its sides on every side, clipped to [0, width) × [0, height); at least one pixel. */
export function regionOf(box: Box, margin: number, width: number, height: number): Region {
  const grow = (low: number, side: number, limit: number): [number, number] => {
    const first = Math.floor(low - margin * side);
    const last = Math.ceil(low + side + margin * side);
    const from = Math.min(limit - 1, Math.max(0, Number.isFinite(first) ? first : 0));
    const to = Math.min(limit, Math.max(from + 1, Number.isFinite(last) ? last : limit));
    return [from, to - from];
  };
  const [left, w] = grow(box.x_min, Math.max(0, boxWidth(box)), width);
  const [top, h] = grow(box.y_min, Math.max(0, boxHeight(box)), height);
  return { left, top, width: w, height: h };
}

type Size = { readonly width: number; readonly height: number };

function cappedSize(region: Region, maxSide: number): Size {
  const scale = Math.min(1, maxSide / Math.max(region.width, region.height));
  const side = (n: number): number => Math.max(1, Math.round(n * scale));
  return { width: side(region.width), height: side(region.height) };
}

/** The region of the picture in pixels of a raster of it. */
function scaleRegion(region: Region, sx: number, sy: number, raster: Raster): Region {
  const left = Math.min(raster.width - 1, Math.round(region.left * sx));
  const top = Math.min(raster.height - 1, Math.round(region.top * sy));
  const width = Math.min(raster.width - left, Math.max(1, Math.round(region.width * sx)));
  const height = Math.min(raster.height - top, Math.max(1, Math.round(region.height * sy)));
  return { left, top, width, height };
}

async function encodeOne(raster: Raster, region: Region, size: Size, quality: number): Promise<Uint8Array> {
  const raw = { width: raster.paddedWidth, height: raster.paddedHeight, channels: 3 as const };
  return sharp(raster.data, { raw })
    .extract(region)
    .resize(size.width, size.height, { fit: 'fill' })
    .jpeg({ quality })
    .toBuffer();
}

/** One JPEG per face, with as many pixels as the face has in the picture, up to `maxSide`, and where it was taken from. */
export async function encodeFaces(frame: Frame, params: EncodeParams): Promise<EncodeResult> {
  if (params.faces.length === 0) return { jpegs: [], places: [] };
  const { maxSide = MAX_SIDE } = params;
  const { width, height } = frame.header;
  const regions = params.faces.map((face) => regionOf(face.box, params.margin, width, height));
  const smallest = Math.min(...regions.map((region) => Math.max(region.width, region.height)));
  const { raster } = await frame.atScale(Math.min(1, maxSide / smallest));
  const { sx, sy } = frame.scaleOf(raster);
  const jpegs: Uint8Array[] = [];
  const places: JpegPlace[] = [];
  // One after the other: a crowd must not fill the queue of libuv's threads.
  for (const region of regions) {
    const scaled = scaleRegion(region, sx, sy, raster);
    const size = cappedSize(region, maxSide);
    jpegs.push(await encodeOne(raster, scaled, size, params.quality));
    // By what was taken, not by what was wanted: whole pixels of the raster.
    places.push({
      left: scaled.left / sx,
      top: scaled.top / sy,
      scaleX: (sx * size.width) / scaled.width,
      scaleY: (sy * size.height) / scaled.height,
    });
  }
  return { jpegs, places };
}
