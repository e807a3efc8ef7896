/** A decoded picture in memory that threads can share: RGB uint8, rows of `stride` bytes, zeros where padded. */

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

/** Copies tight RGB rows into a shared raster, zero-padded right and below to `multipleOf`. */
export function toRaster(rgb: Uint8Array, width: number, height: number, multipleOf: number): Raster {
  const paddedWidth = ceilTo(width, multipleOf);
  const paddedHeight = ceilTo(height, multipleOf);
  const data = new Uint8Array(new SharedArrayBuffer(paddedWidth * paddedHeight * 3));
  if (paddedWidth === width) {
    data.set(rgb);
  } else {
    for (let y = 0; y < height; y++) {
      data.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), y * paddedWidth * 3);
    }
  }
  return { data, width, height, paddedWidth, paddedHeight };
}
