import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TopSubjects } from '../../../src/gallery/search/top-subjects.ts';
import { picker } from '../../fixtures/random.ts';

const byRow = (a: number, b: number): boolean => a < b;

describe('the best subjects', () => {
  it('keeps each subject’s best face, at most k of them, best first', () => {
    const top = new TopSubjects(2, byRow);
    const offers = [
      [0, 1, 0.5],
      [1, 1, 0.7],
      [2, 1, 0.6],
      [3, 2, 0.4],
      [4, 3, 0.65],
      [5, 2, 0.66],
    ] as const;
    for (const [row, subject, cosine] of offers) top.offer({ row, subject, cosine });
    assert.deepEqual(
      top.sorted().map(({ row }) => row),
      [1, 5],
    );
    assert.equal(top.floor, 0.66);
  });

  it('has a floor once it is full, and for a subject that it knows at once', () => {
    const top = new TopSubjects(2, byRow);
    assert.equal(top.floor, -Infinity);
    top.offer({ row: 0, subject: 1, cosine: 0.5 });
    assert.deepEqual([top.floor, top.floorOf(1), top.floorOf(2)], [-Infinity, 0.5, -Infinity]);
    top.offer({ row: 1, subject: 2, cosine: 0.3 });
    assert.deepEqual([top.floor, top.floorOf(1), top.floorOf(2), top.floorOf(3)], [0.3, 0.5, 0.3, 0.3]);
  });

  it('finds the same in every order, ties by age', () => {
    const { below } = picker(1);
    for (let round = 0; round < 300; round++) {
      const hits = Array.from({ length: 30 }, (_, row) => ({ row, subject: below(8), cosine: below(6) }));
      const k = 1 + below(6);
      const best = new Map<number, (typeof hits)[number]>();
      const sorted = hits.toSorted((a, b) => b.cosine - a.cosine || a.row - b.row);
      for (const hit of sorted) if (!best.has(hit.subject)) best.set(hit.subject, hit);
      const top = new TopSubjects(k, byRow);
      for (const hit of hits.toSorted(() => below(3) - 1)) top.offer(hit);
      assert.deepEqual(top.sorted(), [...best.values()].slice(0, k));
    }
  });
});
