/** A decoded picture: RGB uint8, rows of `stride` bytes, zeros where padded. */

export type Raster = {
  readonly data: Uint8Array;
  /** Without padding. */
  readonly width: number;
  readonly height: number;
  /** With padding: stride = 3 × paddedWidth. */
  readonly paddedWidth: number;
  readonly paddedHeight: number;
};

export function ceilTo(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

export function paddedBytes(width: number, height: number, multipleOf: number): number {
  return ceilTo(width, multipleOf) * ceilTo(height, multipleOf) * 3;
}

/** Where a raster is to lie: so many zeros, or null for memory of its own. */
export type Place = (bytes: number) => Uint8Array | null;

/**
 * Tight RGB rows as a raster, zero-padded right and below to `multipleOf`. The bytes are copied only where that
 * adds something: a raster of a picture that fits already, and has no place of its own, shares memory with `rgb`.
 */
export function toRaster(rgb: Uint8Array, width: number, height: number, multipleOf: number, place?: Place): Raster {
  const paddedWidth = ceilTo(width, multipleOf);
  const paddedHeight = ceilTo(height, multipleOf);
  // Buffer.copy: rows copied by TypedArray.set cost the main thread a millisecond per picture.
  let rows = Buffer.from(rgb.buffer, rgb.byteOffset, rgb.length);
  const bytes = paddedWidth * paddedHeight * 3;
  const placed = place?.(bytes) ?? null;
  if (placed !== null || paddedWidth !== width || paddedHeight !== height) {
    const padded = placed === null ? Buffer.alloc(bytes) : Buffer.from(placed.buffer, placed.byteOffset, bytes);
    const line = width * 3;
    if (paddedWidth === width) rows.copy(padded, 0, 0, height * line);
    else for (let y = 0; y < height; y++) rows.copy(padded, y * paddedWidth * 3, y * line, (y + 1) * line);
    rows = padded;
  }
  // A plain Uint8Array: the crop loops are fastest while they see one class of arrays.
  const data = new Uint8Array(rows.buffer, rows.byteOffset, rows.length);
  return { data, width, height, paddedWidth, paddedHeight };
}

/** The same raster in memory that threads can read; copied unless it is there already. */
export function sharedRaster(raster: Raster): Raster {
  if (raster.data.buffer instanceof SharedArrayBuffer) return raster;
  const data = new Uint8Array(new SharedArrayBuffer(raster.data.length));
  data.set(raster.data);
  return { ...raster, data };
}
