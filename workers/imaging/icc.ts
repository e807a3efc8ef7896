/** Whether an embedded colour profile is worth its conversion. */

/** Red, green and blue as X, Y, Z under D50, as profiles store them. */
type Primaries = readonly (readonly [x: number, y: number, z: number])[];

const SRGB: Primaries = [
  [0.4361, 0.2225, 0.0139],
  [0.3851, 0.7169, 0.0971],
  [0.1431, 0.0606, 0.7141],
];
const DISPLAY_P3: Primaries = [
  [0.5151, 0.2412, -0.0011],
  [0.292, 0.6922, 0.0419],
  [0.1571, 0.0666, 0.7841],
];
const TOLERANCE = 0.012;

const HEADER_BYTES = 128;
const MAX_TAGS = 100;

/** The primaries of a matrix profile; null where it has none. */
function primariesOf(view: DataView): Primaries | null {
  const found = new Map<string, [number, number, number]>();
  const count = Math.min(MAX_TAGS, view.getUint32(HEADER_BYTES));
  for (let i = 0; i < count; i++) {
    const entry = HEADER_BYTES + 4 + i * 12;
    if (entry + 12 > view.byteLength) return null;
    const name = signature(view, entry);
    const at = view.getUint32(entry + 4);
    if (!['rXYZ', 'gXYZ', 'bXYZ'].includes(name) || at + 20 > view.byteLength) continue;
    const fixed = (k: number): number => view.getInt32(at + 8 + 4 * k) / 65_536;
    found.set(name, [fixed(0), fixed(1), fixed(2)]);
  }
  const [r, g, b] = [found.get('rXYZ'), found.get('gXYZ'), found.get('bXYZ')];
  return r && g && b ? [r, g, b] : null;
}

function signature(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

function near(found: Primaries, wanted: Primaries): boolean {
  return wanted.every((xyz, i) => xyz.every((v, k) => Math.abs((found[i]?.[k] ?? Number.NaN) - v) <= TOLERANCE));
}

/**
 * sRGB and Display P3 (every iPhone) are read as they are: converting P3 doubles the time of decoding, and leaving it
 * moves embeddings by a cosine of .991 at worst. Other RGB profiles (Adobe RGB, ProPhoto) look washed out unless
 * converted. Grey needs none; CMYK is converted through its profile whatever is said here.
 */
export function needsConversion(profile: Uint8Array | undefined): boolean {
  if (profile === undefined || profile.byteLength < HEADER_BYTES + 4) return false;
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  if (signature(view, 16) !== 'RGB ') return false;
  const primaries = primariesOf(view);
  return primaries === null || !(near(primaries, SRGB) || near(primaries, DISPLAY_P3));
}
