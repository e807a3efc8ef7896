/** A runner whose parts run when a test says so, a model of an index, and vectors. */
import type { IndexedVector, IndexHit } from '../../../src/gallery/vector-index.ts';
import { dot } from '../../../src/gallery/search/quantise.ts';
import type { Runner } from '../../../src/gallery/search/runner.ts';
import { scanChunks } from '../../../src/gallery/search/scan.ts';
import type { PartHits } from '../../../src/gallery/search/scan.ts';
import { openSegment } from '../../../src/gallery/search/segment.ts';
import type { PartTask } from '../../../src/gallery/search/thread.ts';

export const NEVER = new AbortController().signal;

export type SteppedRunner = Runner & {
  /** Parts that have not ended. */
  readonly pending: number;
  readonly renewals: number;
  /** One of the parts takes a chunk of rows, reads the one that it took, or ends; or it fails. */
  step(which: number, failure?: Error): boolean;
  /** One of the parts runs to its end. */
  end(which: number): void;
};

type Part = {
  readonly task: PartTask;
  chunks: Generator<void, PartHits> | null;
  readonly resolve: (hits: PartHits) => void;
  readonly reject: (reason: unknown) => void;
};

export function steppedRunner(threads: number): SteppedRunner {
  const parts: Part[] = [];
  let renewals = 0;
  const step = (which: number, failure?: Error): boolean => {
    const part = parts[which];
    if (part === undefined) throw new Error('no such part');
    const { pass, shape, part: number, segments } = part.task;
    part.chunks ??= scanChunks(
      pass,
      segments.map(({ memory }, i) => openSegment(shape, i, memory, number)),
    );
    if (failure === undefined) {
      const next = part.chunks.next();
      if (next.done !== true) return false;
      part.resolve(next.value);
    } else part.reject(failure);
    parts.splice(which, 1);
    return true;
  };
  return {
    threads,
    get pending() {
      return parts.length;
    },
    get renewals() {
      return renewals;
    },
    run: (task) => new Promise((resolve, reject) => parts.push({ task, chunks: null, resolve, reject })),
    step,
    end(which) {
      while (!step(which));
    },
    renew() {
      renewals++;
    },
    async close() {
      for (const { reject } of parts.splice(0)) reject(new Error('closed'));
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
