/** How long the nearest of many faces takes to find, by size and method, and whether the event loop notices. */
import { join } from 'node:path';
import { makePeopleVectors, nearestFace } from '../lib/people-vectors.ts';
import type { PeopleVectors } from '../lib/people-vectors.ts';
import { interleave } from '../lib/order.ts';
import { crowdTable, eventLoopTable } from '../lib/search-load.ts';
import { searchMethods } from '../lib/search-methods.ts';
import type { Built, Method } from '../lib/search-methods.ts';
import { median, percentile, ratio } from '../lib/stats.ts';
import { figure, ranged } from '../lib/table.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

/** A cosine above which two faces are one person's, for most recognizers. */
const THRESHOLD = 0.4;
const MB = 1e6;
const QUERIES = 100;

type Truth = { readonly face: number; readonly cosine: number };
type Measured = {
  readonly method: string;
  readonly count: number;
  readonly dim: number;
  readonly buildMs: number;
  readonly bytes: number;
  readonly rounds: readonly (readonly number[])[];
  /** Parts of the queries whose nearest face was found: of all, and of those above the threshold. */
  readonly recall: readonly [number, number];
};
type Running = { readonly method: Method; readonly built: Built; readonly buildMs: number; rounds: number[][] };

async function build(method: Method, people: PeopleVectors): Promise<Running> {
  const begun = performance.now();
  const built = await method.build(people);
  return { method, built, buildMs: performance.now() - begun, rounds: [] };
}

async function recallOf(
  built: Built,
  people: PeopleVectors,
  truths: readonly Truth[],
): Promise<readonly [number, number]> {
  let all = 0;
  let above = 0;
  for (const [i, { face, cosine }] of truths.entries()) {
    const query = people.queries[i];
    if (query === undefined || (await built.search(query)) !== face) continue;
    all++;
    if (cosine >= THRESHOLD) above++;
  }
  return [all / truths.length, above / truths.filter(({ cosine }) => cosine >= THRESHOLD).length];
}

/** Some queries one after the other: at most so many, at most so long. */
async function turn({ built }: Running, people: PeopleVectors, round: number, budgetMs: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + budgetMs;
  for (let i = 0; i < 100 && (i < 3 || performance.now() < end); i++) {
    const query = people.queries[(round * 37 + i) % people.queries.length] ?? new Float32Array(people.dim);
    const begun = performance.now();
    await built.search(query);
    times.push(performance.now() - begun);
  }
  return times;
}

async function measureSize(
  people: PeopleVectors,
  { rounds, budgetMs, graphs }: { readonly rounds: number; readonly budgetMs: number; readonly graphs: boolean },
  say: SuiteContext['say'],
): Promise<Measured[]> {
  const truths = people.queries.map((query): Truth => {
    const [face, cosine] = nearestFace(people, query);
    return { face, cosine };
  });
  const running: Running[] = [];
  for (const method of searchMethods()) {
    if (people.count * people.dim > method.most || (!graphs && method.name.includes('HNSW'))) continue;
    say(`${people.count} × ${people.dim}: ${method.name}`);
    running.push(await build(method, people));
  }
  const recalls = new Map<Running, readonly [number, number]>();
  for (const one of running) recalls.set(one, await recallOf(one.built, people, truths));
  for (const [round, order] of interleave(running, rounds).entries()) {
    for (const one of order) one.rounds.push(await turn(one, people, round, budgetMs));
  }
  for (const { built } of running) await built.close();
  return running.map((one) => ({
    method: one.method.name,
    count: people.count,
    dim: people.dim,
    buildMs: one.buildMs,
    bytes: one.built.bytes,
    rounds: one.rounds,
    recall: recalls.get(one) ?? [Number.NaN, Number.NaN],
  }));
}

function rowsOf(measured: readonly Measured[]): string[][] {
  const first = measured[0];
  return measured.map((one) => {
    const times = one.rounds.flat();
    const isFirst = one === first;
    return [
      `${one.count.toLocaleString('en')} × ${one.dim}`,
      one.method,
      figure(median(times)),
      figure(percentile(times, 0.99)),
      isFirst || first === undefined ? '1' : ranged(ratio(one.rounds.map(median), first.rounds.map(median))),
      `${(one.recall[0] * 100).toFixed(1)} / ${(one.recall[1] * 100).toFixed(1)}`,
      (one.bytes / MB).toFixed(0),
      figure(one.buildMs / 1000),
    ];
  });
}

export async function searchSuite({ options, scratch, say }: SuiteContext): Promise<SuiteResult> {
  const rounds = options.rounds ?? (options.quick ? 3 : 10);
  const sizes: readonly (readonly [number, number])[] = options.quick
    ? [
        [10_000, 256],
        [100_000, 256],
      ]
    : [
        [10_000, 256],
        [10_000, 512],
        [100_000, 256],
        [100_000, 512],
        [1_000_000, 256],
      ];
  const measured: Measured[][] = [];
  for (const [count, dim] of sizes) {
    say(`making ${count} vectors`);
    const people = makePeopleVectors(count, dim, QUERIES);
    measured.push(
      await measureSize(people, { rounds, budgetMs: options.quick ? 300 : 700, graphs: !options.quick }, say),
    );
  }
  const people = makePeopleVectors(110_000, 256, QUERIES);
  const crowds = await crowdTable(people, rounds, say);
  const loop = await eventLoopTable(people, join(scratch, 'people.db'), options.quick ? 10_000 : 100_000, say);
  return {
    title: 'Search',
    note: `Persons of five faces around a centre; half of the queries are near one, half are strangers. ${rounds} rounds in which the methods take turns, each for ${options.quick ? '0.3' : '0.7'} s or 100 queries, one after the other. Recall: the nearest face was found, of all queries and of those above a cosine of ${THRESHOLD}, %. facepool answers from its threads (small indexes from the event loop), the others hold the event loop; of facepool’s memory a quarter of the vectors’ is codes. HNSW is approximate. Milliseconds.`,
    tables: [
      {
        caption: 'One query at a time; ratio: p50 ÷ that of facepool (above 1: facepool is faster)',
        table: {
          head: ['faces × numbers', 'method', 'p50', 'p99', 'ratio', 'recall', 'MB', 'made in s'],
          rows: measured.flatMap(rowsOf),
        },
      },
      { caption: 'Several at once, 100,000 × 256:', table: crowds.table },
      {
        caption: 'The longest time in which the event loop could do nothing else, 256 numbers a face:',
        table: loop.table,
      },
    ],
    raw: { measured, crowds: crowds.raw, loop: loop.raw },
  };
}
