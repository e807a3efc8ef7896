/** Faces as the pipeline brings them, for tests of the store. */
import type { NewFace } from '../../../src/contract/people.ts';
import { generator } from '../../fixtures/random.ts';

export const LIMITS = { perSubject: 50, all: 100_000 };

/** A unit vector, the same for the same seed. */
export function unitVector(seed: number, dim = 8): Float32Array {
  const next = generator(seed);
  const numbers = Float32Array.from({ length: dim }, () => next() * 2 - 1);
  const length = Math.hypot(...numbers);
  return numbers.map((x) => x / length);
}

/** Bytes that look like nothing else. */
export function someBytes(seed: number, length: number): Uint8Array {
  const next = generator(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

/** Of subject `name` in `default`, in space `a`. */
export function newFace(name: string, seed = 1, more: Partial<NewFace> = {}): NewFace {
  return {
    collection: 'default',
    subject: name,
    source: 'picture',
    embeddings: new Map([['a', unitVector(seed)]]),
    digest: `digest-${seed}`,
    box: { x_min: 1.5, y_min: 2, x_max: 30, y_max: 40 },
    detScore: 0.9,
    quality: 0.8,
    ood: 0.7,
    liveness: null,
    crop: null,
    original: null,
    ...more,
  };
}

export function cropFor(seed: number, bytes = 5000): NonNullable<NewFace['crop']> {
  return {
    jpeg: someBytes(seed, bytes),
    landmarks: [
      [10.25, 20],
      [30, 20.5],
      [20, 30],
      [12, 40],
      [28, 40.125],
    ],
  };
}
