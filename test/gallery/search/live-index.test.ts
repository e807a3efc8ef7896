import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { LiveIndex } from '../../../src/gallery/search/live-index.ts';
import type { IndexedVector, IndexHit } from '../../../src/gallery/vector-index.ts';
import { dot } from '../../../src/gallery/search/quantise.ts';
import { generator, picker, ticks } from '../../fixtures/random.ts';
import { bruteForce, compare, NEVER, steppedRunner, unitVector } from './support.ts';
import type { SteppedRunner } from './support.ts';

const DIM = 5;
const AT_ONCE = (begin: () => void): void => begin();
const CLOSED = new FacepoolError('people_unavailable', 'closed');

/** Small whole numbers: sums are exact, so that there are many real ties. */
function wholeVector(below: (n: number) => number): Float32Array {
  return Float32Array.from({ length: DIM }, () => below(5) - 2);
}

function face(faceId: string, subject: number, ...numbers: readonly number[]): IndexedVector {
  return { faceId, subject, vector: Float32Array.from({ length: DIM }, (_, i) => numbers[i] ?? 0) };
}

/** Faces f0, f1, …, each nearer to the first axis than the one before. */
const crowd = (count: number): IndexedVector[] => Array.from({ length: count }, (_, i) => face(`f${i}`, i + 1, i - 2));
const query = (...numbers: readonly number[]): Float32Array => face('', 0, ...numbers).vector;
const idsOf = (answer: readonly IndexHit[][]): string[][] => answer.map((hits) => hits.map(({ faceId }) => faceId));

function threaded(threads = 2): { readonly runner: SteppedRunner; readonly index: LiveIndex } {
  const runner = steppedRunner(threads);
  return { runner, index: new LiveIndex(DIM, runner, { inline: -1, chunkRows: 4, soon: AT_ONCE }) };
}

/** Passes begin when a test says so. */
function later(threads: number): { readonly runner: SteppedRunner; readonly index: LiveIndex; begin(): void } {
  const runner = steppedRunner(threads);
  const due: (() => void)[] = [];
  const index = new LiveIndex(DIM, runner, { inline: -1, chunkRows: 4, soon: (begin) => due.push(begin) });
  return { runner, index, begin: () => due.shift()?.() };
}

async function finish(runner: SteppedRunner, begin = (): void => {}): Promise<void> {
  for (let quiet = 0; quiet < 2; quiet++) {
    await ticks();
    begin();
    if (runner.pending > 0) quiet = -1;
    while (runner.pending > 0) runner.end(0);
  }
}

/**
 * An answer is right if no face in it is gone, each is its subject's nearest, and no face that was there from the search's
 * beginning to its end is missing. `before`: faces as they were when it began.
 */
function checkAnswer(
  hits: readonly IndexHit[],
  { vector, k }: { readonly vector: Float32Array; readonly k: number },
  before: ReadonlyMap<string, IndexedVector>,
  now: ReadonlyMap<string, IndexedVector>,
): void {
  assert.ok(hits.length <= k);
  assert.equal(new Set(hits.map(({ subject }) => subject)).size, hits.length);
  assert.deepEqual(hits, [...hits].sort(compare));
  for (const { faceId, subject, cosine } of hits) {
    const own = now.get(faceId);
    assert.ok(own !== undefined, 'a face that is gone');
    assert.equal(subject, own.subject);
    assert.equal(cosine, dot(vector, own.vector, 0));
  }
  const found = new Map(hits.map((hit) => [hit.subject, hit]));
  const worst = hits.length < k ? undefined : hits.at(-1);
  for (const own of now.values()) {
    if (before.get(own.faceId)?.vector !== own.vector) continue;
    const hit = { faceId: own.faceId, subject: own.subject, cosine: dot(vector, own.vector, 0) };
    const ofSubject = found.get(own.subject);
    if (ofSubject !== undefined) assert.ok(compare(ofSubject, hit) < 0 || ofSubject.faceId === own.faceId);
    else assert.ok(worst !== undefined && compare(worst, hit) < 0, 'a face is missing');
  }
}

async function runInterleaving(seed: number): Promise<number> {
  const { below, chance, pick } = picker(seed);
  const { runner, index, begin } = later(1 + below(3));
  const now = new Map<string, IndexedVector>();
  const searches: Promise<void>[] = [];
  let answers = 0;
  const put = (faceId: string): void => {
    const added = { faceId, subject: 1 + below(6), vector: wholeVector(below) };
    now.set(faceId, added);
    index.add([added]);
  };
  const actions = [
    () => Array.from({ length: 1 + below(8) }, () => put(`f${below(10_000)}`)),
    () => now.size > 0 && put(pick([...now.keys()]) ?? ''),
    () => {
      const gone = [pick([...now.keys()]) ?? '', pick([...now.keys()]) ?? '', 'unknown'];
      for (const id of gone) now.delete(id);
      index.remove(gone);
    },
    () => {
      const [from, to] = [1 + below(6), 1 + below(6)];
      for (const [id, one] of now) if (one.subject === from) now.set(id, { ...one, subject: to });
      index.relabel(from, to);
    },
    () => {
      if (!chance(0.1)) return;
      now.clear();
      index.clear();
    },
    () => {
      const before = new Map(now);
      const asked = { vector: wholeVector(below), k: 1 + below(4) };
      const answer = index.search([asked.vector], asked.k, NEVER);
      const check = ([hits = []]: IndexHit[][]): void => {
        checkAnswer(hits, asked, before, now);
        answers++;
      };
      // Threads may die twice under one search: then it rejects.
      const died = (error: unknown): void => assert.equal((error as FacepoolError).message, 'the search failed');
      searches.push(answer.then(check, died));
    },
    () => runner.pending > 0 && runner.step(below(runner.pending), chance(0.01) ? new Error('died') : undefined),
    begin,
    begin,
    ...Array.from({ length: 4 }, () => () => runner.pending > 0 && runner.step(below(runner.pending))),
  ];
  for (let i = 0; i < 80; i++) {
    actions[below(actions.length)]?.();
    await ticks();
    assert.equal(index.size, now.size);
  }
  await finish(runner, begin);
  await Promise.all(searches);
  const vectors = Array.from({ length: 3 }, () => wholeVector(below));
  const quiet = index.search(vectors, 3, NEVER);
  await finish(runner, begin);
  assert.deepEqual(
    await quiet,
    vectors.map((vector) => bruteForce(now.values(), vector, 3)),
  );
  return answers;
}

describe('an index', () => {
  it('answers rightly in every interleaving of adding, replacing, removing, relabelling and parts of searches', async () => {
    let answers = 0;
    for (let seed = 0; seed < 2000; seed++) answers += await runInterleaving(seed);
    assert.ok(answers > 10_000, `${answers} answers`);
  });

  it('finds what looking at every face finds, on the event loop and in parts', async () => {
    const random = generator(1);
    const faces = Array.from({ length: 3000 }, (_, i) => ({
      faceId: `f${String(i).padStart(5, '0')}`,
      subject: 1 + Math.floor(random() * 900),
      vector: unitVector(20, random),
    }));
    const queries = Array.from({ length: 20 }, () => unitVector(20, random));
    const expected = queries.map((vector) => bruteForce(faces, vector, 10));
    const runner = steppedRunner(3);
    for (const inline of [-1, 1e9]) {
      const index = new LiveIndex(20, runner, { inline, chunkRows: 64, soon: AT_ONCE });
      index.add(faces);
      const answer = index.search(queries, 10, NEVER);
      assert.equal(runner.pending, inline > 0 ? 0 : 3);
      await finish(runner);
      assert.deepEqual(await answer, expected);
    }
  });

  it('searches on the event loop only as long as that takes no time', async () => {
    const runner = steppedRunner(2);
    const index = new LiveIndex(DIM, runner, { inline: 8 * DIM * 65 * 3, chunkRows: 4, soon: AT_ONCE });
    index.add(crowd(8));
    const askFor = (count: number): Promise<IndexHit[][]> => index.search(Array(count).fill(query(1)), 8, NEVER);
    assert.equal((await askFor(3)).length, 3);
    for (const count of [4, 100]) {
      const answer = askFor(count);
      assert.equal(runner.pending, 2);
      await finish(runner);
      assert.deepEqual(idsOf(await answer), Array(count).fill(['f7', 'f6', 'f5', 'f4', 'f3', 'f2', 'f1', 'f0']));
    }
  });

  it('gives fewer hits where there are fewer, none where there is nobody, and nothing for no question', async () => {
    const index = new LiveIndex(DIM, steppedRunner(2));
    assert.deepEqual(await index.search([query(1), query(0, 1)], 3, NEVER), [[], []]);
    assert.deepEqual(await index.search([], 3, NEVER), []);
    index.add([face('a', 1, 1), face('b', 1, 0.5)]);
    assert.deepEqual(await index.search([query(1)], 3, NEVER), [[{ faceId: 'a', subject: 1, cosine: 1 }]]);
  });

  it('gives the older of equal faces, whatever the order in which they came', async () => {
    const index = new LiveIndex(DIM, steppedRunner(2));
    index.add([face('c', 3, 1), face('a', 1, 1), face('b', 1, 1), face('d', 2, 1)]);
    assert.deepEqual(idsOf(await index.search([query(1)], 2, NEVER)), [['a', 'c']]);
    index.add([face('a', 1, 0.5)]);
    assert.deepEqual(idsOf(await index.search([query(1)], 3, NEVER)), [['b', 'c', 'd']]);
  });

  it('searches again when what it found was removed meanwhile, and the subject’s next face is found', async () => {
    const { runner, index } = threaded();
    index.add([face('a1', 1, 1), face('a2', 1, 0.9), face('b', 2, 0.8)]);
    const answer = index.search([query(1)], 1, NEVER);
    runner.step(0);
    index.remove(['a1']);
    await finish(runner);
    assert.deepEqual(idsOf(await answer), [['a2']]);
  });

  it('searches again when two that it found became one', async () => {
    const { runner, index } = threaded(1);
    index.add([face('a', 1, 1), face('b', 2, 0.9), face('c', 3, 0.8)]);
    const answer = index.search([query(1)], 2, NEVER);
    index.relabel(2, 1);
    await finish(runner);
    assert.deepEqual(idsOf(await answer), [['a', 'c']]);
  });

  it('runs one pass at a time; what waits shares the next', async () => {
    const { runner, index } = threaded(2);
    index.add(crowd(8));
    const first = index.search([query(1)], 1, NEVER);
    const others = Array.from({ length: 5 }, () => index.search([query(-1)], 1, NEVER));
    assert.equal(runner.pending, 2);
    runner.step(0);
    runner.end(1);
    await ticks();
    assert.equal(runner.pending, 1, 'the part that took a chunk is waited for');
    runner.end(0);
    assert.deepEqual(idsOf(await first), [['f7']]);
    await ticks();
    assert.equal(runner.pending, 2);
    await finish(runner);
    assert.deepEqual(idsOf((await Promise.all(others)).flat()), Array(5).fill(['f0']));
  });

  it('lets those who were answered join those who wait', async () => {
    const { runner, index, begin } = later(1);
    index.add(crowd(8));
    const searches = Array.from({ length: 3 }, () => index.search([query(1)], 1, NEVER));
    assert.equal(runner.pending, 0);
    begin();
    assert.equal(runner.pending, 1);
    searches.push(index.search([query(1)], 1, NEVER));
    runner.end(0);
    await Promise.all(searches.slice(0, 3));
    searches.push(index.search([query(1)], 1, NEVER));
    begin();
    runner.end(0);
    assert.deepEqual(idsOf((await Promise.all(searches)).flat()), Array(5).fill(['f7']));
  });

  it('does not wait for a thread that has not begun when the others are done, nor does that read rows later', async () => {
    const { runner, index } = threaded(2);
    index.add(crowd(8));
    const first = index.search([query(1)], 1, NEVER);
    runner.end(0);
    assert.deepEqual(idsOf(await first), [['f7']]);
    const second = index.search([query(-1)], 1, NEVER);
    assert.equal(runner.pending, 3);
    assert.equal(runner.step(0), true, 'ends at once');
    await finish(runner);
    assert.deepEqual(idsOf(await second), [['f0']]);
  });

  it('finds in a search what was added before it, though a pass runs', async () => {
    const { runner, index } = threaded();
    index.add([face('a', 1, 1)]);
    const early = index.search([query(1)], 2, NEVER);
    index.add([face('b', 2, 1)]);
    const late = index.search([query(1)], 2, NEVER);
    await finish(runner);
    assert.deepEqual(idsOf(await early), [['a']]);
    assert.deepEqual(idsOf(await late), [['a', 'b']]);
  });

  it('rejects with the reason of the signal, waiting or running, and answers the others', async () => {
    const { runner, index } = threaded();
    index.add([face('a', 1, 1)]);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const reason = new Error('gone');
    const first = index.search([query(1)], 1, running.signal);
    const second = index.search([query(1)], 1, waiting.signal);
    const third = index.search([query(1)], 1, NEVER);
    running.abort(reason);
    waiting.abort(reason);
    await assert.rejects(first, reason);
    await assert.rejects(second, reason);
    await assert.rejects(index.search([query(1)], 1, waiting.signal), reason);
    await finish(runner);
    assert.deepEqual(idsOf(await third), [['a']]);
  });

  it('tries again when a thread dies, once; nothing is written to while another thread still reads', async () => {
    const { runner, index } = threaded();
    index.add(crowd(8));
    const answer = index.search([query(1)], 1, NEVER);
    runner.step(0);
    runner.step(1);
    runner.step(0, new Error('died'));
    await ticks();
    assert.equal(runner.pending, 1, 'no other pass before the last part has ended');
    await finish(runner);
    assert.deepEqual(idsOf(await answer), [['f7']]);

    const failing = index.search([query(1)], 1, NEVER);
    for (let i = 0; i < 2; i++) {
      runner.step(0, new Error('died'));
      runner.step(0, new Error('died'));
      await ticks();
    }
    await assert.rejects(failing, { code: 'people_unavailable', message: 'the search failed' });
    assert.equal(runner.pending, 0);
  });

  it('refuses vectors and queries of another length or without numbers, and adds nothing then', async () => {
    const index = new LiveIndex(DIM, steppedRunner(1));
    const good = face('a', 1, 1);
    for (const vector of [
      new Float32Array(4),
      new Float32Array(6),
      query(Number.NaN),
      query(Infinity, -Infinity),
      query(1e20),
    ]) {
      assert.throws(() => index.add([good, { faceId: 'b', subject: 2, vector }]), RangeError);
      await assert.rejects(index.search([vector], 1, NEVER), RangeError);
    }
    for (const k of [0, -1, 1.5]) await assert.rejects(index.search([query(1)], k, NEVER), RangeError);
    assert.equal(index.size, 0);
  });

  it('forgets everything when it is cleared, also in a search that runs, and the threads that held it end', async () => {
    const { runner, index } = threaded();
    index.add([face('a', 1, 1)]);
    assert.ok(index.bytes > 0);
    const answer = index.search([query(1)], 1, NEVER);
    index.clear();
    assert.deepEqual([index.size, index.bytes, runner.renewals], [0, 0, 0]);
    index.add([face('b', 2, 0, 1)]);
    await finish(runner);
    assert.deepEqual(idsOf(await answer), [['b']], 'what is there now');
    assert.equal(runner.renewals, 1);
    await setImmediate();
  });

  it('rejects every search once it is closed', async () => {
    const { runner, index } = threaded();
    index.add([face('a', 1, 1)]);
    const searches = [index.search([query(1)], 1, NEVER), index.search([query(1)], 1, NEVER)];
    index.close(CLOSED);
    for (const search of searches) await assert.rejects(search, CLOSED);
    await assert.rejects(index.search([query(1)], 1, NEVER), CLOSED);
    await finish(runner);
    assert.equal(runner.pending, 0);
  });
});
