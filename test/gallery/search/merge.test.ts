import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { merge } from '../../../src/gallery/search/merge.ts';
import type { RowHit } from '../../../src/gallery/search/top-subjects.ts';

const hit = (row: number, subject: number, cosine: number): RowHit => ({ row, subject, cosine });

/** Rows and subjects as they are now, where that is not as the threads saw them; null: removed. */
function merged(
  parts: readonly (readonly RowHit[])[],
  k: number,
  changed: Readonly<Record<number, number | null>> = {},
) {
  const seen = new Map(parts.flat().map(({ row, subject }) => [row, subject]));
  const { hits, isWhole } = merge(parts, k, (row) => {
    const subject = row in changed ? changed[row] : seen.get(row);
    return subject === null || subject === undefined ? null : { faceId: `f${row}`, subject };
  });
  return { faces: hits.map(({ faceId }) => faceId).join(' '), isWhole };
}

describe('merging parts', () => {
  it('takes the best of each subject from all parts, ties by the older face', () => {
    const parts = [[hit(3, 1, 0.9), hit(4, 2, 0.5)], [hit(1, 2, 0.8), hit(2, 3, 0.5)], []];
    assert.deepEqual(merged(parts, 2), { faces: 'f3 f1', isWhole: true });
    assert.deepEqual(merged([[hit(2, 1, 0.5)], [hit(1, 2, 0.5)]], 1), { faces: 'f1', isWhole: true });
    assert.deepEqual(merged([[hit(0, 1, 0.5)], [hit(1, 1, 0.4)]], 2), { faces: 'f0', isWhole: true });
    assert.deepEqual(merged([[], []], 2), { faces: '', isWhole: true });
  });

  it('is not whole when a hit is gone that would have been in the answer', () => {
    const parts = [[hit(0, 1, 0.9), hit(1, 2, 0.8)], [hit(2, 3, 0.7)]];
    assert.equal(merged(parts, 2, { 0: null }).isWhole, false);
    assert.equal(merged(parts, 2, { 1: null }).isWhole, false);
    assert.deepEqual(merged(parts, 2, { 2: null }), { faces: 'f0 f1', isWhole: true });
  });

  it('is not whole when two subjects became one and a part may know another', () => {
    const full = [[hit(0, 1, 0.9), hit(1, 2, 0.8)], [hit(2, 3, 0.1)]];
    assert.equal(merged(full, 2, { 1: 1 }).isWhole, false);
    const all = [[hit(0, 1, 0.9)], [hit(1, 2, 0.8)]];
    assert.deepEqual(merged(all, 2, { 1: 1 }), { faces: 'f0', isWhole: true });
  });

  it('tells the subject as it is now', () => {
    const { hits } = merge([[hit(0, 1, 0.9)]], 1, () => ({ faceId: 'f', subject: 7 }));
    assert.deepEqual(hits, [{ faceId: 'f', subject: 7, cosine: 0.9 }]);
  });
});
