/** A runner whose parts run when a test says so, a model of an index, and vectors. */
import type { IndexedVector, IndexHit } from '../../../src/gallery/vector-index.ts';
import { dot } from '../../../src/gallery/search/quantise.ts';
import type { Runner } from '../../../src/gallery/search/runner.ts';
import { scan } from '../../../src/gallery/search/scan.ts';
import { openSegment } from '../../../src/gallery/search/segment.ts';
import type { PartTask } from '../../../src/gallery/search/thread.ts';
import type { RowHit } from '../../../src/gallery/search/top-subjects.ts';

export const NEVER = new AbortController().signal;

export type SteppedRunner = Runner & {
  readonly pending: number;
  readonly renewals: number;
  /** Runs one of the parts that wait, as a thread would, or lets it fail. */
  step(which: number, failure?: Error): void;
};

type Waiting = {
  readonly task: PartTask;
  readonly resolve: (hits: (readonly RowHit[])[]) => void;
  readonly reject: (reason: unknown) => void;
};

export function steppedRunner(threads: number): SteppedRunner {
  const waiting: Waiting[] = [];
  let renewals = 0;
  return {
    threads,
    get pending() {
      return waiting.length;
    },
    get renewals() {
      return renewals;
    },
    run: (task) => new Promise((resolve, reject) => waiting.push({ task, resolve, reject })),
    step(which, failure) {
      const [one] = waiting.splice(which, 1);
      if (one === undefined) throw new Error('no part waits');
      const { pass, shape, part, segments } = one.task;
      if (failure !== undefined) return one.reject(failure);
      one.resolve(
        scan(
          pass,
          segments.map(({ memory }, number) => openSegment(shape, number, memory, part)),
        ),
      );
    },
    renew() {
      renewals++;
    },
    async close() {
      for (const { reject } of waiting.splice(0)) reject(new Error('closed'));
    },
  };
}

/** The k nearest subjects by looking at every face. */
export function bruteForce(faces: Iterable<IndexedVector>, query: Float32Array, k: number): IndexHit[] {
  const best = new Map<number, IndexHit>();
  for (const { faceId, subject, vector } of faces) {
    const hit = { faceId, subject, cosine: dot(query, vector, 0) };
    const other = best.get(subject);
    if (other === undefined || compare(hit, other) < 0) best.set(subject, hit);
  }
  return [...best.values()].sort(compare).slice(0, k);
}

/** Best first; of equal ones the older. */
export function compare(a: IndexHit, b: IndexHit): number {
  if (a.cosine !== b.cosine) return b.cosine - a.cosine;
  return a.faceId < b.faceId ? -1 : 1;
}

export function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function normalised(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return vector.map((x) => x / norm);
}

export function unitVector(dim: number, random: () => number): Float32Array {
  return normalised(Float32Array.from({ length: dim }, () => gaussian(random)));
}

/** `spread`: the length of what is added, about; 0.5 gives a cosine of 0.9 to the centre. */
export function near(centre: Float32Array, spread: number, random: () => number): Float32Array {
  const scale = spread / Math.sqrt(centre.length);
  return normalised(centre.map((x) => x + scale * gaussian(random)));
}
