/** Whether an embedded colour profile is worth its conversion. */

/**
 * sRGB and Display P3 (every iPhone) are read as they are: converting P3 doubles the time of decoding, and leaving it
 * moves embeddings by a cosine of .991 at worst. Wider gamuts (Adobe RGB, ProPhoto) look washed out unless converted.
 */
const AS_THEY_ARE = ['sRGB', 'Display P3', 'Dot Gain', 'Gray Gamma'];

/** Profiles carry their name in the `desc` tag near the start, as ASCII or as UTF-16. */
const NAME_WITHIN = 4096;

export function needsConversion(profile: Uint8Array | undefined): boolean {
  if (profile === undefined) return false;
  const head = Buffer.from(profile.buffer, profile.byteOffset, Math.min(profile.byteLength, NAME_WITHIN));
  const text = head.toString('latin1').replaceAll('\0', '');
  return !AS_THEY_ARE.some((name) => text.includes(name));
}
