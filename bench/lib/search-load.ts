/** What several clients at once see of the search, and what the event loop sees of it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import os from 'node:os';
import { bareFace } from '../../src/gallery/bare-face.ts';
import { createSearchPool } from '../../src/gallery/search/pool.ts';
import { SpaceIndexes } from '../../src/gallery/space-indexes.ts';
import { createSqliteStore } from '../../src/gallery/store/sqlite-store.ts';
import type { PeopleStore } from '../../src/gallery/people-store.ts';
import type { SearchPool, VectorIndex } from '../../src/gallery/vector-index.ts';
import { subjectOfFace, vectorOf } from './people-vectors.ts';
import type { PeopleVectors } from './people-vectors.ts';
import { fillIndex, idOfFace, NEVER } from './search-methods.ts';
import { percentile } from './stats.ts';
import { figure } from './table.ts';
import type { Table } from './table.ts';

const BASE = 100_000;
const SPACE = { space: 'bench', dim: 256 };
/** As long as a sample of the delay. */
const RESOLUTION_MS = 1;

type Part = { readonly table: Table; readonly raw: object };
type Say = (line: string) => void;

async function filledIndex(people: PeopleVectors): Promise<{ readonly pool: SearchPool; readonly index: VectorIndex }> {
  const pool = createSearchPool({ threads: Math.min(4, os.availableParallelism()) });
  const index = pool.createIndex(people.dim);
  await fillIndex(index, people, 0, BASE);
  return { pool, index };
}

/** Clients that ask one search after the other, each of `faces` queries. */
async function clients(
  index: VectorIndex,
  people: PeopleVectors,
  { count, faces, ms }: { readonly count: number; readonly faces: number; readonly ms: number },
): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  const client = async (number: number): Promise<void> => {
    for (let i = number; performance.now() < end; i++) {
      const queries = Array.from({ length: faces }, (_, j) => {
        return people.queries[(i * faces + j) % people.queries.length] ?? new Float32Array(people.dim);
      });
      const begun = performance.now();
      await index.search(queries, 2, NEVER);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, number) => client(number)));
  return times;
}

export async function crowdTable(people: PeopleVectors, rounds: number, say: Say): Promise<Part> {
  const { pool, index } = await filledIndex(people);
  const cases = [
    ['1 client, 1 face', 1, 1],
    ['1 client, 16 faces of a crowd', 1, 16],
    ['8 clients, 1 face each', 8, 1],
    ['8 clients, 4 faces each', 8, 4],
  ] as const;
  const raw: Record<string, number[]> = {};
  const rows: string[][] = [];
  for (const [name, count, faces] of cases) {
    say(name);
    const ms = rounds * 250;
    const times = await clients(index, people, { count, faces, ms });
    raw[name] = times;
    const perSecond = ((times.length * faces) / ms) * 1000;
    rows.push([name, figure(percentile(times, 0.5)), figure(percentile(times, 0.99)), figure(perSecond)]);
  }
  await pool.close();
  return { table: { head: ['who asks', 'p50 ms', 'p99 ms', 'faces per second'], rows }, raw };
}

type Stops = { readonly ms: number; readonly p99: number; readonly longest: number };

async function watch(work: () => Promise<unknown>): Promise<Stops> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const begun = performance.now();
  await work();
  const ms = performance.now() - begun;
  await setTimeout(20);
  delay.disable();
  const over = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS);
  return { ms, p99: over(delay.percentile(99)), longest: over(delay.max) };
}

async function fillStore(store: PeopleStore, people: PeopleVectors, faces: number): Promise<void> {
  const limits = { perSubject: 1000, all: 1e9 };
  const add = (face: number): Promise<unknown> => {
    const embeddings = new Map([[SPACE.space, vectorOf(people, face)]]);
    const brought = bareFace('default', `person ${subjectOfFace(face)}`, embeddings);
    return store.addFace(brought, limits);
  };
  for (let begin = 0; begin < faces; begin += 1000) {
    await Promise.all(Array.from({ length: Math.min(1000, faces - begin) }, (_, i) => add(begin + i)));
  }
}

/** `stored`: faces that are read from a store. */
export async function eventLoopTable(people: PeopleVectors, file: string, stored: number, say: Say): Promise<Part> {
  const raw: Record<string, Stops> = {};
  say('event loop');
  raw['nothing, 1 s'] = await watch(() => setTimeout(1000));
  const { pool, index } = await filledIndex(people);
  raw['8 clients, 3 s, 100,000 faces'] = await watch(() => clients(index, people, { count: 8, faces: 1, ms: 3000 }));
  raw['10,000 faces added to them, 500 at a time'] = await watch(() => fillIndex(index, people, BASE, people.count));
  raw['the same, one at a time, while 8 clients search'] = await watch(async () => {
    const asking = clients(index, people, { count: 8, faces: 1, ms: 2000 });
    for (let face = BASE; face < people.count; face++) {
      const faceId = idOfFace(face);
      index.remove([faceId]);
      index.add([{ faceId, subject: subjectOfFace(face), vector: vectorOf(people, face) }]);
      if (face % 10 === 0) await setTimeout(0);
    }
    await asking;
  });
  raw['all of them cleared'] = await watch(async () => {
    index.clear();
    await setTimeout(500);
  });
  say(`a store of ${stored} faces`);
  const store = createSqliteStore({ file, key: null });
  await store.open();
  await fillStore(store, people, stored);
  const indexes = new SpaceIndexes(pool);
  const name = `${stored.toLocaleString('en')} faces read from the store`;
  raw[name] = await watch(() => indexes.load(store, SPACE.space, []));
  await store.close();
  await pool.close();
  const rows = Object.entries(raw).map(([what, stops]) => [
    what,
    figure(stops.ms / 1000),
    figure(stops.p99),
    figure(stops.longest),
  ]);
  return { table: { head: ['what', 's', 'p99 ms', 'longest ms'], rows }, raw };
}
