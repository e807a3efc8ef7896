/** Faces as vectors: persons with five faces each around a centre, and queries of whom half are near a centre. */
import { dot } from '../../src/gallery/search/quantise.ts';
import { generator } from '../../test/fixtures/random.ts';

export const FACES_PER_PERSON = 5;
/** Of a face from its person's centre: two faces of one person then have a cosine of about 0.6. */
const SPREAD = 0.8;

export type PeopleVectors = {
  readonly dim: number;
  readonly count: number;
  /** Face by face, each of length 1. */
  readonly vectors: Float32Array;
  readonly queries: readonly Float32Array[];
};

export function subjectOfFace(face: number): number {
  return 1 + Math.floor(face / FACES_PER_PERSON);
}

export function vectorOf({ vectors, dim }: PeopleVectors, face: number): Float32Array {
  return vectors.subarray(face * dim, (face + 1) * dim);
}

function fillGaussian(into: Float32Array, random: () => number): void {
  for (let i = 0; i < into.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    into[i] = radius * Math.cos(angle);
    if (i + 1 < into.length) into[i + 1] = radius * Math.sin(angle);
  }
}

function normalise(vector: Float32Array): void {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += (vector[i] ?? 0) ** 2;
  const norm = Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) / norm;
}

export function makePeopleVectors(count: number, dim: number, queryCount: number): PeopleVectors {
  const random = generator(count + dim);
  const vectors = new Float32Array(count * dim);
  const centre = new Float32Array(dim);
  const queries: Float32Array[] = [];
  const every = Math.max(1, Math.floor(count / FACES_PER_PERSON / (queryCount / 2)));
  const near = (into: Float32Array): void => {
    fillGaussian(into, random);
    const scale = SPREAD / Math.sqrt(dim);
    for (let i = 0; i < dim; i++) into[i] = (centre[i] ?? 0) + scale * (into[i] ?? 0);
    normalise(into);
  };
  for (let face = 0; face < count; face++) {
    if (face % FACES_PER_PERSON === 0) {
      fillGaussian(centre, random);
      normalise(centre);
      if ((face / FACES_PER_PERSON) % every === 0 && queries.length < queryCount) {
        const known = new Float32Array(dim);
        near(known);
        const stranger = new Float32Array(dim);
        fillGaussian(stranger, random);
        normalise(stranger);
        queries.push(known, stranger);
      }
    }
    near(vectors.subarray(face * dim, (face + 1) * dim));
  }
  return { dim, count, vectors, queries };
}

/** Nearest face by double precision: what is right. */
export function nearestFace({ vectors, dim, count }: PeopleVectors, query: Float32Array): readonly [number, number] {
  let nearest = -1;
  let best = Number.NEGATIVE_INFINITY;
  for (let face = 0; face < count; face++) {
    const cosine = dot(query, vectors, face * dim);
    if (cosine <= best) continue;
    best = cosine;
    nearest = face;
  }
  return [nearest, best];
}
