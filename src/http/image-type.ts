/** What a stranger's bytes are, by how they begin: a browser must never take them for a page or a script. */

type Mark = { readonly type: string; readonly extension: string; readonly at: number; readonly text: string };

/** `at`: where the text stands, in bytes; each byte is one character. */
const MARKS: readonly Mark[] = [
  { type: 'image/jpeg', extension: 'jpg', at: 0, text: '\xff\xd8\xff' },
  { type: 'image/png', extension: 'png', at: 0, text: '\x89PNG\r\n\x1a\n' },
  { type: 'image/gif', extension: 'gif', at: 0, text: 'GIF87a' },
  { type: 'image/gif', extension: 'gif', at: 0, text: 'GIF89a' },
  { type: 'image/webp', extension: 'webp', at: 8, text: 'WEBP' },
  { type: 'image/avif', extension: 'avif', at: 4, text: 'ftypavif' },
  { type: 'image/avif', extension: 'avif', at: 4, text: 'ftypavis' },
  { type: 'image/avif', extension: 'avif', at: 4, text: 'ftypmif1' },
  { type: 'image/tiff', extension: 'tif', at: 0, text: 'II*\0' },
  { type: 'image/tiff', extension: 'tif', at: 0, text: 'MM\0*' },
];

/** `type` null: none of the formats that are read here. */
export function imageType(bytes: Uint8Array): { readonly type: string | null; readonly extension: string } {
  const begin = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return MARKS.find(({ at, text }) => begin.startsWith(text, at)) ?? { type: null, extension: 'bin' };
}
