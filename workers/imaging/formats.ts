/** Which picture format bytes are, from their first bytes alone: names and headers of the upload are not asked. */

export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff';

/** `known` is read; `refused` names what the bytes are, or is null when nobody knows. */
export type Sniffed = { readonly known: PictureFormat } | { readonly refused: string | null };

type Signature = { readonly at: number; readonly text: string; readonly is: Sniffed };

const SIGNATURES: readonly Signature[] = [
  { at: 0, text: '\xff\xd8\xff', is: { known: 'jpeg' } },
  { at: 0, text: '\x89PNG\r\n\x1a\n', is: { known: 'png' } },
  { at: 0, text: 'GIF87a', is: { known: 'gif' } },
  { at: 0, text: 'GIF89a', is: { known: 'gif' } },
  { at: 0, text: 'II+\0', is: { known: 'tiff' } },
  { at: 0, text: 'MM\0+', is: { known: 'tiff' } },
  { at: 0, text: '%PDF-', is: { refused: 'PDF' } },
  { at: 0, text: 'BM', is: { refused: 'BMP' } },
  { at: 0, text: '8BPS', is: { refused: 'Photoshop' } },
  { at: 0, text: '\0\0\x01\0', is: { refused: 'ICO' } },
  { at: 0, text: '\xff\x0a', is: { refused: 'JPEG XL' } },
  { at: 4, text: 'JXL \r\n\x87\n', is: { refused: 'JPEG XL' } },
  { at: 4, text: 'jP  \r\n\x87\n', is: { refused: 'JPEG 2000' } },
];

/** ISO media files name their kinds in the `ftyp` box; AVIF may call itself `mif1` first. */
function sniffIsoMedia(bytes: Uint8Array, text: string): Sniffed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const brands = [text.slice(8, 12)];
  const end = Math.min(view.getUint32(0), text.length);
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text.slice(at, at + 4));
  if (brands.some((b) => b === 'avif' || b === 'avis')) return { known: 'avif' };
  if (brands.some((b) => b.startsWith('he') || b === 'mif1' || b === 'msf1')) return { refused: 'HEIC' };
  return { refused: 'ISO media' };
}

const TAG_NEW_SUBFILE_TYPE = 254;
const TAG_DNG_VERSION = 50_706;

/**
 * Camera raw files (NEF, ARW, DNG, CR2) are TIFF files whose first page is a small preview. Taking the preview for
 * the picture would answer with wrong coordinates, so they are told apart by the tags of the first page.
 */
function isCameraRaw(bytes: Uint8Array, littleEndian: boolean): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 10) return false;
  if (view.getUint16(8) === 0x4352) return true; // "CR": Canon
  const ifd = view.getUint32(4, littleEndian);
  if (ifd + 2 > view.byteLength) return false;
  const count = view.getUint16(ifd, littleEndian);
  for (let i = 0; i < count; i++) {
    const entry = ifd + 2 + i * 12;
    if (entry + 12 > view.byteLength) return false;
    const tag = view.getUint16(entry, littleEndian);
    if (tag === TAG_DNG_VERSION) return true;
    if (tag === TAG_NEW_SUBFILE_TYPE && (view.getUint32(entry + 8, littleEndian) & 1) === 1) return true;
  }
  return false;
}

/** What the bytes are. Never throws; cut-off pictures are still `known`. */
export function sniff(bytes: Uint8Array): Sniffed {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 512)).toString('latin1');
  for (const s of SIGNATURES) if (text.startsWith(s.text, s.at)) return s.is;
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return { known: 'webp' };
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) {
    return isCameraRaw(bytes, text.startsWith('II')) ? { refused: 'camera raw' } : { known: 'tiff' };
  }
  if (text.startsWith('ftyp', 4) && text.length >= 12) return sniffIsoMedia(bytes, text);
  if (/^\s*(<\?xml[^>]*>\s*)?(<!--|<!DOCTYPE svg|<svg)/i.test(text.replace(/^\xef\xbb\xbf/, ''))) {
    return { refused: 'SVG' };
  }
  return { refused: null };
}
