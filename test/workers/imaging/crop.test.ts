import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaceGeometry } from '../../../src/contract/protocol.ts';
import { wantedScale } from '../../../workers/imaging/crop.ts';

/** A face whose eyes are `eyes` apart and whose box is `side` wide, in pixels of the picture. */
function face(eyes: number, side: number): FaceGeometry {
  return {
    box: { x_min: 0, y_min: 0, x_max: side, y_max: side },
    landmarks: [
      [10, 10],
      [10 + eyes, 10],
      [10, 20],
      [10, 30],
      [20, 30],
    ],
  };
}

test('eyes 24 pixels apart in the reduced frame are enough, closer ones are not', () => {
  assert.equal(wantedScale(face(96, 240), 0.25), 0.25);
  assert.equal(wantedScale(face(80, 180), 0.25), 0.6, 'eyes 20 px apart come to be 48');
  assert.equal(wantedScale(face(80, 256), 0.25), 0.5, 'and no box is made larger than 128 for it');
  assert.ok(wantedScale(face(40, 100), 0.25) > 1, 'more than the picture has is cut to what it has by the caller');
});

test('a large face in profile is no small face', () => {
  assert.ok(wantedScale(face(20, 480), 0.25) < 0.25 * 1.1);
});

test('without landmarks the box decides', () => {
  const box = (side: number): FaceGeometry => ({ ...face(1, side), landmarks: null });
  assert.equal(wantedScale(box(256), 0.25), 0.25);
  assert.equal(wantedScale(box(128), 0.25), 1);
});

test('what has no size asks for nothing', () => {
  const n = Number.NaN;
  assert.equal(wantedScale(face(0, 0), 0.5), 0.5);
  assert.equal(wantedScale({ ...face(n, n), landmarks: null }, 0.5), 0.5);
  assert.equal(wantedScale(face(n, 100), 0.5), 0.5);
});
