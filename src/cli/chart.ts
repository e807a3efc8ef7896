/** Figures over time as characters: one line, or a few with axes. */

const EIGHTHS = '▁▂▃▄▅▆▇█';
const BLOCKS = ` ${EIGHTHS}`;

export type Scale = {
  readonly min: number;
  readonly max: number;
};

/** One character per value; unknown is a blank, and what leaves the scale is at its end. */
export function sparkline(values: readonly (number | null)[], { min, max }: Scale): string {
  return values
    .map((value) => {
      if (value === null) return ' ';
      const part = max > min ? (value - min) / (max - min) : 0;
      return EIGHTHS.charAt(Math.max(0, Math.min(7, Math.floor(part * 8))));
    })
    .join('');
}

/** Lines from top to bottom, each `values.length` long; the smallest known value still shows. */
export function bars(values: readonly (number | null)[], height: number, { min, max }: Scale): string[] {
  const filled = values.map((value) => {
    if (value === null) return 0;
    const part = max > min ? (value - min) / (max - min) : 0;
    return Math.max(1, Math.min(height * 8, Math.round(part * height * 8)));
  });
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * 8;
    return filled.map((eighths) => BLOCKS.charAt(Math.max(0, Math.min(8, eighths - below)))).join('');
  });
}

/** Means of as many values as there is room for; fewer values are drawn as they are. */
export function squeeze(values: readonly (number | null)[], width: number): (number | null)[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * values.length) / width);
    const to = Math.floor(((i + 1) * values.length) / width);
    return meanOf(values.slice(from, to));
  });
}

export type Point = {
  /** Seconds since 1970. */
  readonly t: number;
  readonly value: number | null;
};

/**
 * The last `spanS` seconds before `now` as `width` means. Their borders are fixed in time, so that a line that is drawn
 * again and again moves and does not flicker.
 */
export function lastMeans(points: readonly Point[], now: number, spanS: number, width: number): (number | null)[] {
  const step = spanS / width;
  const last = Math.floor(now / step);
  const buckets = Array.from({ length: width }, (): (number | null)[] => []);
  for (const { t, value } of points) buckets[Math.floor(t / step) - last + width - 1]?.push(value);
  return buckets.map(meanOf);
}

/** Null where nothing is known. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** The largest, or null. */
export function maxOf(values: readonly (number | null)[]): number | null {
  let max: number | null = null;
  for (const value of values) if (value !== null && (max === null || value > max)) max = value;
  return max;
}
