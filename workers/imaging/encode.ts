/** `encode`: faces as JPEG pictures for people to look at. */
import sharp from 'sharp';
import { boxHeight, boxWidth } from '../../src/contract/geometry.ts';
import type { Box } from '../../src/contract/geometry.ts';
import type { EncodeParams, EncodeResult } from '../../src/contract/protocol.ts';
import type { Frame } from './frame.ts';
import type { Raster } from './raster.ts';

/** Longest side of a face's JPEG. */
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

function cappedSize(region: Region): Size {
  const scale = Math.min(1, MAX_SIDE / Math.max(region.width, region.height));
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

/** One JPEG per face, with as many pixels as the face has in the picture, up to 1024 a side. */
export async function encodeFaces(frame: Frame, params: EncodeParams): Promise<EncodeResult> {
  if (params.faces.length === 0) return { jpegs: [] };
  const { width, height } = frame.header;
  const regions = params.faces.map((face) => regionOf(face.box, params.margin, width, height));
  const smallest = Math.min(...regions.map((region) => Math.max(region.width, region.height)));
  const { raster } = await frame.atScale(Math.min(1, MAX_SIDE / smallest));
  const { sx, sy } = frame.scaleOf(raster);
  const jpegs: Uint8Array[] = [];
  // One after the other: a crowd must not fill the queue of libuv's threads.
  for (const region of regions) {
    const scaled = scaleRegion(region, sx, sy, raster);
    jpegs.push(await encodeOne(raster, scaled, cappedSize(region), params.quality));
  }
  return { jpegs };
}
