/**
 * The header of an ordinary JPEG, read here: asking libvips for it takes a thread and half a millisecond of processor time,
 * a twentieth of what decoding a megapixel takes. Whatever is out of the ordinary is left to libvips.
 */

export type JpegHeader = {
  /** As stored, before `orientation` turns them. */
  readonly width: number;
  readonly height: number;
  /** Of EXIF; 1 is upright. */
  readonly orientation: number;
  readonly icc: Uint8Array | undefined;
};

const MARKER = 0xff;
const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
const APP2 = 0xe2;
const COMMENT = 0xfe;
/** Baseline and extended, with Huffman codes: what is decoded row by row. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1]);
/** Quantisation and Huffman tables, restart interval, APP0–APP15 and comments. */
const isSkipped = (marker: number): boolean =>
  marker === 0xc4 || marker === 0xdb || marker === 0xdd || (marker >= 0xe0 && marker <= 0xef) || marker === COMMENT;

const EXIF = 'Exif\0\0';
const ICC = 'ICC_PROFILE\0';
const SHORT = 3;
const TAG_ORIENTATION = 0x0112;

/** Null for what is not an eight-bit, three-channel, sequential JPEG with well-formed markers. Never throws. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { readonly width: number; readonly height: number } | null = null;
  let orientation: number | null = null;
  let icc: Uint8Array | undefined;
  for (let at = 2; ; ) {
    if (at + 4 > view.byteLength || view.getUint8(at) !== MARKER) return null;
    const marker = view.getUint8(at + 1);
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === START_OF_SCAN) return size === null ? null : { ...size, orientation: orientation ?? 1, icc };
    const segment = { from: at + 4, end };
    if (end < segment.from || end > view.byteLength) return null;
    if (FRAMES.has(marker)) {
      if (size !== null) return null;
      size = frameSize(view, segment);
      if (size === null) return null;
    } else if (!isSkipped(marker)) return null;
    if (marker === APP1 && begins(view, segment, EXIF)) {
      if (orientation !== null) return null;
      orientation = exifOrientation(view, { from: segment.from + EXIF.length, end });
      if (orientation === null) return null;
    }
    if (marker === APP2 && begins(view, segment, ICC)) {
      const from = segment.from + ICC.length + 2;
      // A large profile is cut into several segments.
      if (icc !== undefined || from > end || view.getUint16(from - 2) !== 0x0101) return null;
      icc = bytes.subarray(from, end);
    }
    at = end;
  }
}

type Segment = { readonly from: number; readonly end: number };

function begins(view: DataView, { from, end }: Segment, text: string): boolean {
  if (from + text.length > end) return false;
  for (let i = 0; i < text.length; i++) if (view.getUint8(from + i) !== text.charCodeAt(i)) return false;
  return true;
}

function frameSize(view: DataView, { from, end }: Segment): { width: number; height: number } | null {
  const channels = 3;
  if (end - from !== 6 + 3 * channels) return null;
  if (view.getUint8(from) !== 8 || view.getUint8(from + 5) !== channels) return null;
  const height = view.getUint16(from + 1);
  const width = view.getUint16(from + 3);
  return width === 0 || height === 0 ? null : { width, height };
}

/** 1 where the first directory has none; null where it is not as the standard says. */
function exifOrientation(view: DataView, { from, end }: Segment): number | null {
  if (from + 8 > end) return null;
  const order = view.getUint16(from);
  const littleEndian = order === 0x4949;
  if (!littleEndian && order !== 0x4d4d) return null;
  if (view.getUint16(from + 2, littleEndian) !== 42) return null;
  const directory = from + view.getUint32(from + 4, littleEndian);
  if (directory < from + 8 || directory + 2 > end) return null;
  const count = view.getUint16(directory, littleEndian);
  if (directory + 2 + count * 12 > end) return null;
  let found: number | null = null;
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + i * 12;
    if (view.getUint16(entry, littleEndian) !== TAG_ORIENTATION) continue;
    const isShort = view.getUint16(entry + 2, littleEndian) === SHORT && view.getUint32(entry + 4, littleEndian) === 1;
    const value = view.getUint16(entry + 8, littleEndian);
    if (found !== null || !isShort || value < 1 || value > 8) return null;
    found = value;
  }
  return found ?? 1;
}
