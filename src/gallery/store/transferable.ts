/** What goes to the server's thread with its memory. */

/** Memory of vectors and pictures goes over instead of being copied. Each is a copy of its own (seal.ts). */
export function transferable(value: unknown): ArrayBuffer[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const buffers = new Set<ArrayBuffer>();
  for (const item of items) {
    for (const part of partsOf(item)) {
      if (ArrayBuffer.isView(part) && part.buffer instanceof ArrayBuffer) buffers.add(part.buffer);
    }
  }
  return [...buffers];
}

/** Not of a picture itself: its values are its bytes, tens of millions of them. */
function partsOf(item: unknown): readonly unknown[] {
  if (typeof item !== 'object' || item === null) return [];
  return ArrayBuffer.isView(item) ? [item] : Object.values(item);
}
