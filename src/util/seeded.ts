/**
 * Bytes that are the same everywhere for the same seed: mulberry32 (Tommy Ettinger's 32-bit generator), one 32-bit
 * word for every four bytes, low byte first. Golden tensors are made of them, so the sequence must never change.
 */
export function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0;
  for (let at = 0; at < length; at += 4) {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    word = (word ^ (word >>> 14)) >>> 0;
    for (let i = at; i < Math.min(at + 4, length); i++) {
      bytes[i] = word & 0xff;
      word >>>= 8;
    }
  }
  return bytes;
}
