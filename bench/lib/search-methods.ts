/**
 * Ways to find the nearest face. Libraries that facepool does not use are taken where they are found
 * (`npm install --prefix /tmp/peers usearch simsimd hnswlib-node`, then NODE_PATH=/tmp/peers/node_modules).
 */
import os from 'node:os';
import process from 'node:process';
import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { createSearchPool } from '../../src/gallery/search/pool.ts';
import type { SearchPool, VectorIndex } from '../../src/gallery/vector-index.ts';
import { floatSearch } from './float-kernel.ts';
import { nearestFace, subjectOfFace, vectorOf } from './people-vectors.ts';
import type { PeopleVectors } from './people-vectors.ts';

export const NEVER = new AbortController().signal;
const PAGE = 500;

export type Built = {
  /** Memory of it, without what another method also has. */
  readonly bytes: number;
  /** The nearest face. */
  readonly search: (query: Float32Array) => number | Promise<number>;
  readonly close: () => Promise<void> | void;
};

export type Method = {
  readonly name: string;
  /** Numbers in all: more take too long to build, or to search. */
  readonly most: number;
  readonly build: (people: PeopleVectors) => Built | Promise<Built>;
};

type Usearch = {
  readonly MetricKind: { readonly IP: string };
  readonly ScalarKind: { readonly F32: string };
  readonly Index: new (
    config: object,
  ) => {
    add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
    search(query: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array };
  };
  exactSearch(
    dataset: Float32Array,
    query: Float32Array,
    dim: number,
    k: number,
    metric: string,
    threads: number,
  ): { readonly keys: BigUint64Array };
};
type Simsimd = { dot(a: Float32Array, b: Float32Array): number };
type Hnswlib = {
  readonly HierarchicalNSW: new (
    space: string,
    dim: number,
  ) => {
    initIndex(options: { maxElements: number; m: number; efConstruction: number }): void;
    addPoint(point: number[], label: number): void;
    setEf(ef: number): void;
    searchKnn(query: number[], k: number): { readonly neighbors: readonly number[] };
  };
};

function load(name: string): unknown {
  try {
    return createRequire(import.meta.url)(name);
  } catch {
    return undefined;
  }
}

export function idOfFace(face: number): string {
  return `01J${String(face).padStart(23, '0')}`;
}

/** Adds all of them as a server that reads its store does: a page, then whatever else waits. */
export async function fillIndex(index: VectorIndex, people: PeopleVectors, from = 0, to = people.count): Promise<void> {
  for (let begin = from; begin < to; begin += PAGE) {
    const page = Array.from({ length: Math.min(PAGE, to - begin) }, (_, i) => ({
      faceId: idOfFace(begin + i),
      subject: subjectOfFace(begin + i),
      vector: vectorOf(people, begin + i),
    }));
    index.add(page);
    await setImmediate();
  }
}

function facepool(threads: number): Method {
  return {
    name: `facepool, ${threads} thread${threads === 1 ? '' : 's'}`,
    most: Number.POSITIVE_INFINITY,
    build: async (people) => {
      const pool: SearchPool = createSearchPool({ threads });
      const index = pool.createIndex(people.dim);
      await fillIndex(index, people);
      return {
        bytes: index.bytes,
        search: async (query) => {
          const [hits] = await index.search([query], 1, NEVER);
          return Number(hits?.[0]?.faceId.slice(3));
        },
        close: () => pool.close(),
      };
    },
  };
}

/** What a library takes besides the vectors. */
function grown(build: () => void): number {
  const before = process.memoryUsage.rss();
  build();
  return process.memoryUsage.rss() - before;
}

const FLOATS = 4;
const nothing = (): void => {};

export function searchMethods(): readonly Method[] {
  const cores = Math.min(4, os.availableParallelism());
  const methods: Method[] = [
    facepool(cores),
    ...(cores === 1 ? [] : [facepool(1)]),
    {
      name: 'float32, WebAssembly',
      most: Number.POSITIVE_INFINITY,
      build: (people) => ({ bytes: people.vectors.byteLength, search: floatSearch(people), close: nothing }),
    },
    {
      name: 'float32, JavaScript',
      most: Number.POSITIVE_INFINITY,
      build: (people) => ({
        bytes: people.vectors.byteLength,
        search: (query) => nearestFace(people, query)[0],
        close: nothing,
      }),
    },
  ];
  const usearch = load('usearch') as Usearch | undefined;
  if (usearch !== undefined) methods.push(usearchExact(usearch), usearchGraph(usearch, cores));
  const simsimd = load('simsimd') as Simsimd | undefined;
  if (simsimd !== undefined) methods.push(rowByRow(simsimd));
  const hnswlib = load('hnswlib-node') as Hnswlib | undefined;
  if (hnswlib !== undefined) methods.push(hnswlibGraph(hnswlib));
  return methods;
}

function usearchExact({ exactSearch, MetricKind }: Usearch): Method {
  return {
    name: 'usearch, exact',
    most: Number.POSITIVE_INFINITY,
    build: ({ vectors, dim }) => ({
      bytes: vectors.byteLength,
      search: (query) => Number(exactSearch(vectors, query, dim, 1, MetricKind.IP, 1).keys[0]),
      close: nothing,
    }),
  };
}

function usearchGraph({ Index, MetricKind, ScalarKind }: Usearch, threads: number): Method {
  return {
    name: 'usearch, HNSW',
    most: 100_000 * 256,
    build: ({ vectors, dim, count }) => {
      const config = { dimensions: dim, metric: MetricKind.IP, quantization: ScalarKind.F32, connectivity: 16 };
      const index = new Index({ ...config, expansion_add: 128, expansion_search: 128, multi: false });
      const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(i));
      const bytes = grown(() => index.add(keys, vectors, threads));
      return { bytes, search: (query) => Number(index.search(query, 1, 1).keys[0]), close: nothing };
    },
  };
}

function rowByRow({ dot }: Simsimd): Method {
  return {
    name: 'simsimd, row by row',
    most: 100_000 * 512,
    build: (people) => {
      const rows = Array.from({ length: people.count }, (_, face) => vectorOf(people, face));
      return {
        bytes: people.vectors.byteLength,
        search: (query) => {
          let nearest = 0;
          let best = Number.NEGATIVE_INFINITY;
          rows.forEach((row, face) => {
            const cosine = dot(query, row);
            if (cosine <= best) return;
            best = cosine;
            nearest = face;
          });
          return nearest;
        },
        close: nothing,
      };
    },
  };
}

function hnswlibGraph({ HierarchicalNSW }: Hnswlib): Method {
  return {
    name: 'hnswlib-node, HNSW',
    most: 10_000 * 512,
    build: (people) => {
      const index = new HierarchicalNSW('ip', people.dim);
      index.initIndex({ maxElements: people.count, m: 16, efConstruction: 128 });
      for (let face = 0; face < people.count; face++) index.addPoint([...vectorOf(people, face)], face);
      index.setEf(128);
      return {
        bytes: people.count * (people.dim * FLOATS + 16 * 2 * 4 + 16),
        search: (query) => index.searchKnn([...query], 1).neighbors[0] ?? -1,
        close: nothing,
      };
    },
  };
}
