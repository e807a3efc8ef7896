/** With real threads. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createSearchPool } from '../../../src/gallery/search/pool.ts';
import type { IndexedVector, SearchPool, VectorIndex } from '../../../src/gallery/vector-index.ts';
import { generator, picker } from '../../fixtures/random.ts';
import { bruteForce, near, NEVER, steppedRunner, unitVector } from './support.ts';

const DIM = 64;
/** So many that threads are worth it. */
const FACES = 70_000;

function poolOf(t: TestContext, threads = 2): SearchPool {
  const pool = createSearchPool({ threads });
  t.after(() => pool.close());
  return pool;
}

function people(random: () => number, count: number): IndexedVector[] {
  let centre = unitVector(DIM, random);
  return Array.from({ length: count }, (_, i) => {
    if (i % 5 === 0) centre = unitVector(DIM, random);
    return {
      faceId: `f${String(i).padStart(6, '0')}`,
      subject: 1 + Math.floor(i / 5),
      vector: near(centre, 0.5, random),
    };
  });
}

function filled(pool: SearchPool, faces: readonly IndexedVector[]): VectorIndex {
  const index = pool.createIndex(DIM);
  for (let at = 0; at < faces.length; at += 1000) index.add(faces.slice(at, at + 1000));
  return index;
}

describe('the search pool', () => {
  it('makes thousands of indexes without looking at all of them each time', (t) => {
    const pool = poolOf(t);
    const deref = t.mock.method(WeakRef.prototype, 'deref');
    const made = Array.from({ length: 1000 }, () => pool.createIndex(8));
    assert.ok(deref.mock.callCount() < 2 * made.length, `${deref.mock.callCount()} looks`);
  });

  it('finds in threads what looking at every face finds', async (t) => {
    const random = generator(1);
    const faces = people(random, FACES);
    const index = filled(poolOf(t), faces);
    const queries = Array.from({ length: 8 }, (_, i) => {
      return i % 2 === 0
        ? unitVector(DIM, random)
        : near(faces[i * 100]?.vector ?? unitVector(DIM, random), 0.3, random);
    });
    assert.deepEqual(
      await index.search(queries, 10, NEVER),
      queries.map((query) => bruteForce(faces, query, 10)),
    );
  });

  it('never answers with a wrong face while faces come, go and change under it', async (t) => {
    const random = generator(2);
    const { below } = picker(2);
    const faces = people(random, FACES);
    const index = filled(poolOf(t), faces);
    const now = new Map(faces.map((face) => [face.faceId, face]));
    let searches = 0;
    let hits = 0;
    const ask = async (): Promise<void> => {
      while (searches < 400) {
        searches++;
        const target = faces[below(FACES)];
        if (target === undefined) continue;
        const before = now.get(target.faceId)?.vector;
        const [found = []] = await index.search([target.vector], 2, NEVER);
        for (const { faceId, subject, cosine } of found) {
          const own = now.get(faceId);
          assert.equal(subject, own?.subject);
          const [exact] = bruteForce(own === undefined ? [] : [own], target.vector, 1);
          assert.equal(cosine, exact?.cosine);
        }
        // It is its own nearest, if it was there all the time.
        if (before === target.vector && now.get(target.faceId)?.vector === before) {
          assert.equal(found[0]?.faceId, target.faceId);
          hits++;
        }
      }
    };
    const asking = Promise.all([ask(), ask(), ask(), ask()]);
    for (let i = 0; searches < 400; i++) {
      const gone = Array.from({ length: 20 }, () => faces[below(FACES)]?.faceId ?? '');
      index.remove(gone);
      for (const id of gone) now.delete(id);
      const next = Array.from({ length: 20 }, () => faces[below(FACES)]).flatMap((face) => {
        return face === undefined ? [] : [{ ...face, vector: i % 2 === 0 ? face.vector : unitVector(DIM, random) }];
      });
      index.add(next);
      for (const face of next) now.set(face.faceId, face);
      await setImmediate();
    }
    await asking;
    assert.equal(index.size, now.size);
    assert.ok(hits > 100, `${hits} searches could be checked in full`);
  });

  it('runs no thread before a search needs one, and none afterwards', async (t) => {
    const threads = (): number => readdirSync('/proc/self/task').length;
    const before = threads();
    const pool = poolOf(t);
    const random = generator(3);
    const small = filled(pool, people(random, 500));
    await small.search([unitVector(DIM, random)], 1, NEVER);
    assert.equal(threads(), before);
    const large = filled(pool, people(random, FACES));
    const search = large.search([unitVector(DIM, random)], 1, NEVER);
    await search;
    assert.ok(threads() >= before + 2);
    await pool.close();
    assert.equal(threads(), before);
    await assert.rejects(large.search([unitVector(DIM, random)], 1, NEVER), { code: 'people_unavailable' });
    await assert.rejects(small.search([unitVector(DIM, random)], 1, NEVER), { code: 'people_unavailable' });
  });

  it('goes on with new threads after an index was cleared', async (t) => {
    const random = generator(4);
    const pool = poolOf(t);
    const faces = people(random, FACES);
    const [one, other] = [filled(pool, faces), filled(pool, faces)];
    const query = unitVector(DIM, random);
    const [expected] = await one.search([query], 3, NEVER);
    const running = other.search([query], 3, NEVER);
    one.clear();
    assert.deepEqual(await running, [expected]);
    assert.deepEqual(await other.search([query], 3, NEVER), [expected]);
    assert.deepEqual(await one.search([query], 3, NEVER), [[]]);
  });

  it('rejects searches that run when it is closed', async () => {
    const runner = steppedRunner(2);
    const pool = createSearchPool({ threads: 2 }, runner);
    const index = filled(pool, people(generator(5), FACES));
    const search = index.search([unitVector(DIM, generator(6))], 1, NEVER);
    await setImmediate();
    assert.equal(runner.pending, 2);
    await Promise.all([pool.close(), assert.rejects(search, { code: 'people_unavailable' })]);
    const late = pool.createIndex(DIM);
    await assert.rejects(late.search([unitVector(DIM, generator(7))], 1, NEVER), { code: 'people_unavailable' });
  });

  it('refuses dimensions that no embedding has', () => {
    const pool = createSearchPool({ threads: 1 }, steppedRunner(1));
    for (const dim of [0, -1, 1.5, Number.NaN, 4097]) assert.throws(() => pool.createIndex(dim), RangeError);
  });
});
