import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RowTable } from '../../../src/gallery/search/row-table.ts';
import { chunksOf, scan, scanChunks, type PartHits, type Pass } from '../../../src/gallery/search/scan.ts';
import type { IndexedVector } from '../../../src/gallery/vector-index.ts';
import { generator } from '../../fixtures/random.ts';
import { bruteForce, near, unitVector } from './support.ts';

const DIM = 40;

function scene(faces: number, seed: number) {
  const random = generator(seed);
  const centres = Array.from({ length: Math.ceil(faces / 4) }, () => unitVector(DIM, random));
  const all = Array.from({ length: faces }, (_, i): IndexedVector => {
    const subject = Math.floor(i / 4);
    const centre = centres[subject] ?? unitVector(DIM, random);
    return { faceId: String(i).padStart(8, '0'), subject, vector: near(centre, 0.5, random) };
  });
  const table = new RowTable({ dim: DIM, parts: 2 });
  table.add(all);
  const queries = [0, 1, 2].map((i) => ({ vector: near(centres[i] ?? unitVector(DIM, random), 0.5, random), k: 3 }));
  const pass: Pass = {
    queries,
    rows: table.rows,
    longest: table.longest,
    chunkRows: 256,
    next: new SharedArrayBuffer(4),
  };
  return { all, table, queries, pass };
}

const told = (table: RowTable, hits: readonly { row: number; subject: number; cosine: number }[]) =>
  hits.map(({ row, subject, cosine }) => ({ faceId: table.face(row)?.faceId ?? '', subject, cosine }));

describe('a scan', () => {
  it('finds exactly what looking at every row finds, over several segments', () => {
    const { all, table, queries, pass } = scene(3000, 1);
    assert.ok(table.segments.length > 1);
    const { hits, chunks } = scan(pass, table.segments);
    assert.deepEqual([chunks, chunksOf(pass)], [12, 12]);
    queries.forEach(({ vector, k }, i) => assert.deepEqual(told(table, hits[i] ?? []), bruteForce(all, vector, k)));
  });

  it('shares the rows: no chunk is read twice, and the parts together find everything', () => {
    const { all, table, queries, pass } = scene(3000, 2);
    const parts = [scanChunks(pass, table.segments), scanChunks(pass, table.segments)];
    const found: PartHits[] = [];
    for (let turn = 0; parts.length > 0; turn++) {
      const part = parts[turn % parts.length];
      const step = part?.next();
      if (step?.done !== true) continue;
      found.push(step.value);
      parts.splice(turn % parts.length, 1);
    }
    assert.equal(
      found.reduce((sum, { chunks }) => sum + chunks, 0),
      chunksOf(pass),
    );
    assert.ok(found.every(({ chunks }) => chunks > 0));
    queries.forEach(({ vector, k }, i) => {
      const both = new Map<number, { row: number; subject: number; cosine: number }>();
      for (const hit of found.flatMap(({ hits }) => hits[i] ?? [])) {
        if (hit.cosine > (both.get(hit.subject)?.cosine ?? -2)) both.set(hit.subject, hit);
      }
      const best = [...both.values()].sort((a, b) => b.cosine - a.cosine).slice(0, k);
      assert.deepEqual(told(table, best), bruteForce(all, vector, k));
    });
  });

  it('looks at no row beyond those of the pass', () => {
    const { all, table, queries, pass } = scene(1000, 3);
    const { hits } = scan({ ...pass, rows: 500 }, table.segments);
    const own = all.slice(0, 500);
    queries.forEach(({ vector, k }, i) => assert.deepEqual(told(table, hits[i] ?? []), bruteForce(own, vector, k)));
    const nothing = scan({ ...pass, rows: 0, next: new SharedArrayBuffer(4) }, table.segments);
    assert.deepEqual(nothing, { hits: [[], [], []], chunks: 0 });
  });
});
