/** An embedding that a client brings as numbers. */
import { FacepoolError } from '../contract/errors.ts';
import type { EmbeddingInput } from '../contract/people.ts';

/** How far from 1 the length of a vector may be, that went through float32 and JSON. */
const LENGTH_TOLERANCE = 1e-3;

/** False also where a number is not finite. */
export function isUnit(embedding: Float32Array): boolean {
  let squares = 0;
  for (const value of embedding) squares += value * value;
  return Math.abs(Math.sqrt(squares) - 1) <= LENGTH_TOLERANCE;
}

/**
 * @param dim numbers of an embedding of its space
 * @throws FacepoolError `invalid_argument`: not base64, another number of numbers, not finite, not of length 1
 */
export function parseEmbedding(input: EmbeddingInput, dim: number): Float32Array {
  const vector = input.array === undefined ? decode(input.base64 ?? '') : Float32Array.from(input.array);
  if (vector.length !== dim) refuse(`an embedding of ${input.space} has ${dim} numbers, not ${vector.length}`);
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum);
  if (!Number.isFinite(length)) refuse('the embedding has numbers that are not finite');
  if (Math.abs(length - 1) > LENGTH_TOLERANCE) {
    refuse(`the embedding must be L2-normalised; its length is ${length.toPrecision(4)}`);
  }
  return vector.map((value) => value / length);
}

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  const isWhole = bytes.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text !== '';
  if (!isWhole) refuse('base64 must hold float32 numbers, little-endian');
  const vector = new Float32Array(bytes.length / 4);
  for (let i = 0; i < vector.length; i++) vector[i] = bytes.readFloatLE(i * 4);
  return vector;
}

function refuse(detail: string): never {
  throw new FacepoolError('invalid_argument', detail, { param: 'embedding' });
}
