import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transferable } from '../../../src/gallery/store/transferable.ts';

test('memory of pictures and vectors goes over, each piece once', () => {
  const picture = new Uint8Array(9);
  assert.deepEqual(transferable(picture), [picture.buffer]);
  const memory = new Float32Array(8);
  const records = [0, 4].map((at) => ({ faceId: `f${at}`, collection: 1, vector: memory.subarray(at, at + 4) }));
  assert.deepEqual(transferable(records), [memory.buffer]);
  assert.deepEqual(transferable({ face: 'a', bytes: picture }), [picture.buffer]);
  for (const nothing of [null, undefined, 7, 'text', [], [null, 'a'], { names: ['a'] }]) {
    assert.deepEqual(transferable(nothing), []);
  }
  // Shared memory cannot be given away.
  assert.deepEqual(transferable(new Uint8Array(new SharedArrayBuffer(4))), []);
});

test('a large picture is not looked at byte by byte', (t) => {
  const values = t.mock.method(Object, 'values');
  transferable(new Uint8Array(1000));
  assert.equal(values.mock.callCount(), 0);
  transferable([{ vector: new Float32Array(4) }]);
  assert.equal(values.mock.callCount(), 1);
});
