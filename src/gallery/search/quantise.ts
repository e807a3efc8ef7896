/**
 * Vectors as whole numbers, with a bound on what that can change. With x̂ = scale · codes for a row x, and q̂ for a query q:
 *
 *   q·x = q̂·x̂ + q̂·(x − x̂) + (q − q̂)·x  ≤  q̂·x̂ + |q̂| · radius + slack     (Cauchy–Schwarz)
 *
 * where radius = |x − x̂| and slack ≥ |q − q̂| · |x|. The kernel computes q̂·x̂ + |q̂| · radius. A row for which this and the
 * slack stay below the worst hit so far cannot be a hit, so the search is exact, whatever the vectors are.
 * With 8 bits the radius of a face's vector is about 0.007.
 */
const ROW_LEVELS = 127;
const QUERY_LEVELS = 32_767;
const INT32 = 2 ** 31 - 1;
/** Adding and taking away 1.5 · 2⁵² rounds to a whole number. */
const ROUND = 6_755_399_441_055_744;
/** More than the kernel's 32-bit arithmetic can be wrong by, of |q| · |x|. */
const ARITHMETIC = 2e-6;
/** Quotients of 32-bit numbers smaller than this are not exact enough. */
const LEAST = 1e-30;
/** Products smaller than this are nothing to the kernel. */
const UNDERFLOW = 1e-36;

export type QuantisedRow = { readonly scale: number; readonly radius: number; readonly norm: number };

/** Writes the codes (−127 … 127) at `at`. Not finite numbers give a norm that is not finite. */
export function quantiseRow(vector: Float32Array, codes: Int8Array, at: number): QuantisedRow {
  const largest = largestOf(vector);
  // Of what is smaller than this nothing is coded: its radius is its length.
  const scale = largest > LEAST ? Math.fround(largest / ROW_LEVELS) : 0;
  const inverse = scale > 0 ? 1 / scale : 0;
  let off = 0;
  let all = 0;
  for (let i = 0; i < vector.length; i++) {
    const x = vector[i] ?? 0;
    const code = x * inverse + ROUND - ROUND;
    const rest = x - code * scale;
    codes[at + i] = code;
    off += rest * rest;
    all += x * x;
  }
  return { scale, radius: Math.fround(Math.sqrt(off) * (1 + 1e-6)), norm: Math.sqrt(all) };
}

export type QuantisedQuery = {
  readonly codes: Int16Array;
  readonly scale: number;
  /** |q̂| */
  readonly norm: number;
  /** What a product with a row of length 1 can be above the bound; of other rows in proportion. */
  readonly slack: number;
};

/** What a product can be above the kernel's bound. `longest`: the longest row's length. */
export function slackOf(query: QuantisedQuery, longest: number): number {
  return query.slack * longest + UNDERFLOW;
}

/** `width`: of the rows, filled up with zeros. */
export function quantiseQuery(query: Float32Array, width: number): QuantisedQuery {
  // So many levels that no sum of products leaves 32 bits.
  const levels = Math.min(QUERY_LEVELS, Math.floor(INT32 / (ROW_LEVELS * width)));
  const largest = largestOf(query);
  const scale = largest > LEAST ? Math.fround(largest / levels) : 0;
  const inverse = scale > 0 ? 1 / scale : 0;
  const codes = new Int16Array(width);
  let off = 0;
  let coded = 0;
  for (let i = 0; i < query.length; i++) {
    const x = query[i] ?? 0;
    const code = Math.max(-levels, Math.min(levels, Math.round(x * inverse)));
    codes[i] = code;
    off += (x - code * scale) ** 2;
    coded += (code * scale) ** 2;
  }
  const norm = Math.sqrt(coded);
  return { codes, scale, norm, slack: Math.sqrt(off) * (1 + 1e-6) + ARITHMETIC * norm };
}

/** Inner product of the query and the row that begins at `at`, in double precision. */
export function dot(query: Float32Array, rows: Float32Array, at: number): number {
  const { length } = query;
  const even = length - (length % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < even; i += 4) {
    a += (query[i] ?? 0) * (rows[at + i] ?? 0);
    b += (query[i + 1] ?? 0) * (rows[at + i + 1] ?? 0);
    c += (query[i + 2] ?? 0) * (rows[at + i + 2] ?? 0);
    d += (query[i + 3] ?? 0) * (rows[at + i + 3] ?? 0);
  }
  for (let i = even; i < length; i++) a += (query[i] ?? 0) * (rows[at + i] ?? 0);
  return a + b + (c + d);
}

function largestOf(vector: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) {
    const size = Math.abs(vector[i] ?? 0);
    // NaN too: it must not be overlooked.
    if (!(size <= largest)) largest = size;
  }
  return largest;
}
