/** Untrusted bytes → pixels. The only file that lets libvips read an upload. */
import sharp from 'sharp';
import type { Metadata, Sharp } from 'sharp';
import { FacepoolError } from '../../src/contract/errors.ts';
import { sniff } from './formats.ts';
import type { PictureFormat } from './formats.ts';
import { needsConversion } from './icc.ts';
import { readJpegHeader } from './jpeg-header.ts';
import type { JpegHeader } from './jpeg-header.ts';
import { toRaster } from './raster.ts';
import type { Place, Raster } from './raster.ts';

/** What the header says; nothing has been decoded yet. */
export type Header = {
  readonly format: PictureFormat;
  /** The upright picture. */
  readonly width: number;
  readonly height: number;
  readonly orientationApplied: boolean;
  readonly convertIcc: boolean;
  /** Bytes that decoding needs for a while besides its result; 0 for formats that are read row by row. */
  readonly scratchBytes: number;
};

const READS = 'JPEG, PNG, WebP, AVIF, GIF and TIFF are read';

/** Loaders that may see an upload. Everything else is blocked inside libvips too, whatever the sniffing says. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`);

/** Once, before the first picture. */
export function configureSharp(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS });
  // Frames are kept by this process, not by libvips; one picture is one libuv thread.
  sharp.cache(false);
  sharp.concurrency(1);
}

const BYTES_PER_SAMPLE: Readonly<Record<string, number>> = { uchar: 1, char: 1, ushort: 2, short: 2 };

/** Formats that libvips streams need no scratch; the others hold the whole picture while they are read. */
function scratchBytes(format: PictureFormat, m: Metadata): number {
  const pixels = m.width * m.height;
  if (format === 'jpeg') {
    // A progressive JPEG keeps its coefficients, 16 bits each, at full size whatever the reduction.
    return m.isProgressive ? pixels * 2 * (m.chromaSubsampling === '4:2:0' ? 1.5 : m.channels) : 0;
  }
  if (format === 'png' && !m.isProgressive) return 0;
  return pixels * Math.max(4, m.channels * (BYTES_PER_SAMPLE[m.depth] ?? 4));
}

/** libvips' words are for the log: they name functions and offsets. The client is told which kind of broken it is. */
function decodeError(error: unknown, format: PictureFormat): FacepoolError {
  const words = error instanceof Error ? error.message : String(error);
  const name = format === 'jpeg' ? 'JPEG' : format === 'webp' ? 'WebP' : format.toUpperCase();
  if (/pixel limit/i.test(words)) {
    return new FacepoolError('too_many_pixels', `the ${name} has more pixels than allowed`, { cause: error });
  }
  if (/out of memory|unable to allocate|bad_alloc/i.test(words)) {
    return new FacepoolError('memory_exhausted', 'not enough memory to decode this picture', { cause: error });
  }
  const cut = /premature|truncat|bad seek|unexpected end|end of (file|stream)/i.test(words);
  const detail = cut ? `the ${name} ends before its picture does` : `the ${name} is broken and cannot be decoded`;
  return new FacepoolError('image_undecodable', detail, { cause: error });
}

/** Throws `missing_image`, `unsupported_media`, `image_undecodable` or `too_many_pixels`. */
export async function readHeader(bytes: Uint8Array, maxPixels: number): Promise<Header> {
  if (bytes.length === 0) throw new FacepoolError('missing_image', 'the picture is empty: zero bytes');
  const sniffed = sniff(bytes);
  if (!('known' in sniffed)) {
    const what =
      sniffed.refused === null ? 'these bytes are no picture that is known' : `${sniffed.refused} is not read`;
    throw new FacepoolError('unsupported_media', `${what}; ${READS}`);
  }
  const format = sniffed.known;
  const plain = format === 'jpeg' ? readJpegHeader(bytes) : null;
  const found = plain === null ? await askLibvips(bytes, format) : { ...plain, scratchBytes: 0 };
  const { width, height, orientation, icc } = found;
  const pixels = width * height;
  if (pixels > maxPixels) {
    const detail = `the picture is ${width}×${height} = ${pixels} pixels; at most ${maxPixels} are allowed`;
    throw new FacepoolError('too_many_pixels', detail);
  }
  const isTurned = orientation >= 5;
  return {
    format,
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    orientationApplied: orientation > 1,
    convertIcc: needsConversion(icc),
    scratchBytes: found.scratchBytes,
  };
}

/** Throws `unsupported_media` or `image_undecodable`. */
async function askLibvips(
  bytes: Uint8Array,
  format: PictureFormat,
): Promise<JpegHeader & { readonly scratchBytes: number }> {
  let m: Metadata;
  try {
    // The pixel limit is checked later, with the numbers in the message; only the header is read here.
    m = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw decodeError(error, format);
  }
  const agreed = m.format === 'heif' ? m.compression === 'av1' && format === 'avif' : m.format === format;
  if (!agreed) throw new FacepoolError('unsupported_media', `these bytes only begin like a picture; ${READS}`);
  const { width, height, orientation = 1, icc } = m;
  const isKnown = orientation >= 1 && orientation <= 8;
  return {
    ...{ width, height, icc, orientation: isKnown ? orientation : 1 },
    scratchBytes: Math.ceil(scratchBytes(format, m)),
  };
}

/**
 * Longest side of the frame made for `fit`. Pictures are not enlarged, but for very small ones: of 88 faces in 13
 * photographs reduced to 160 pixels, the detector finds 36 as they are and 80 when they are doubled; from 320 on
 * it makes no difference.
 */
function targetSide(longSide: number, fit: number): number {
  return longSide * 4 <= fit ? longSide * 2 : Math.min(longSide, fit);
}

/** Width and height of the frame made for `fit`. libvips rounds the same way. */
export function fitInside(width: number, height: number, fit: number): { width: number; height: number } {
  const longSide = Math.max(width, height);
  const scale = targetSide(longSide, fit) / longSide;
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function recipe(bytes: Uint8Array, header: Header, fit: number, maxPixels: number): Sharp {
  const side = targetSide(Math.max(header.width, header.height), fit);
  return sharp(bytes, {
    autoOrient: true,
    // CMYK is converted through its profile either way.
    ignoreIcc: !header.convertIcc,
    // The laxer 'truncated' lets a TIFF without its JPEG tables pass as a black picture.
    failOn: 'error',
    limitInputPixels: maxPixels,
  })
    .resize(side, side, { fit: 'inside', kernel: 'linear' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw();
}

/**
 * The upright picture as sRGB, reduced to fit a square of `fit` pixels (doubled when very small) and zero-padded to
 * `multipleOf`, at `place` if it gives one. The first frame or page of many.
 * Throws `image_undecodable`, `too_many_pixels` or `memory_exhausted`.
 */
export async function decode(
  bytes: Uint8Array,
  header: Header,
  fit: number,
  maxPixels: number,
  multipleOf = 1,
  place?: Place,
): Promise<Raster> {
  try {
    const { data, info } = await recipe(bytes, header, fit, maxPixels).toBuffer({ resolveWithObject: true });
    if (info.channels !== 3 || data.length !== info.width * info.height * 3) {
      throw new Error(`decoded to ${info.channels} channels, ${data.length} bytes`);
    }
    const wanted = fitInside(header.width, header.height, fit);
    // Faces would be told at wrong places.
    if (Math.abs(info.width - wanted.width) > 1 || Math.abs(info.height - wanted.height) > 1) {
      throw new Error(`decoded to ${info.width}×${info.height}, the header says ${header.width}×${header.height}`);
    }
    const raster = toRaster(data, info.width, info.height, multipleOf, place);
    if (raster.data.buffer !== data.buffer) giveBack(data);
    return raster;
  } catch (error) {
    throw decodeError(error, header.format);
  }
}

/**
 * Frees what libvips wrote, at once: left to the garbage collector, a megabyte per picture made it mark the whole heap
 * every thirty pictures (half a millisecond of processor time for each).
 */
function giveBack(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}
