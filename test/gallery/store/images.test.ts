import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cropBytes, cropOf } from '../../../src/gallery/store/images.ts';
import { cropFor } from './new-face.ts';

describe('a crop', () => {
  it('comes back with its landmarks, also where it has none', () => {
    const crop = cropFor(1);
    assert.deepEqual(cropOf(cropBytes(crop)), crop);
    const bare = { jpeg: crop.jpeg, landmarks: [] };
    assert.deepEqual(cropOf(cropBytes(bare)), bare);
  });

  it('that is too short is damaged', () => {
    assert.throws(() => cropOf(cropBytes(cropFor(1)).subarray(0, 40)), { code: 'people_unavailable' });
  });
});
