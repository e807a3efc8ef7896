/** Norms and angles of float vectors, summed in double precision. */

export function norm(v: Float32Array): number {
  let sum = 0;
  for (const x of v) sum += x * x;
  return Math.sqrt(sum);
}

/** Divides `v` by its length, in place, and returns the length it had; a vector of zeros stays as it is. */
export function normalise(v: Float32Array): number {
  const length = norm(v);
  if (length > 0) for (let i = 0; i < v.length; i++) v[i] = (v[i] ?? 0) / length;
  return length;
}

/** Cosine of the angle between two vectors of one length. Two zero vectors are alike (1), a zero and another are not (0). */
export function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  for (let i = 0; i < a.length; i++) dot += (a[i] ?? 0) * (b[i] ?? 0);
  const na = norm(a);
  const nb = norm(b);
  if (na === 0 || nb === 0) return na === nb ? 1 : 0;
  return dot / (na * nb);
}

/** False when a value is NaN or infinite. */
export function allFinite(v: Float32Array): boolean {
  // x − x is 0 for every finite x and NaN for the others, so one sum answers for all without a branch.
  let sum = 0;
  for (const x of v) sum += x - x;
  return sum === 0;
}
