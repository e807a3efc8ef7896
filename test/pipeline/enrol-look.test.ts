import assert from 'node:assert/strict';
import test from 'node:test';
import { ChildGoneError } from '../../src/supervisor/child-gone.ts';
import { ANNA, BAD, TWO, isCode, setUp } from './enrol-support.ts';

test('only the largest face costs the models anything', async () => {
  const { add, log } = setUp();
  await add(TWO, {}, { several_faces: 'largest' });
  const counted = log.infers.filter(({ model }) => model !== 'detector').map(({ job }) => job.parts[0]?.count);
  assert.deepEqual(counted, [1, 1]);
});

test('liveness off: not looked at; asked for without a model: refused before anything runs', async () => {
  const off = setUp({ without: ['liveness'], people: { enrol: { liveness: 'off' } } });
  const answer = await off.add(BAD, {}, { min_face_size: 0, ood_policy: 'report' });
  assert.deepEqual([answer.liveness, answer.face.liveness], [null, null]);
  const on = setUp({ without: ['liveness'] });
  await assert.rejects(on.add(ANNA), isCode('invalid_argument', 'liveness_policy'));
  assert.equal(on.log.opened, 0);
});

test('store_images: a crop with its landmarks in its own pixels, and the upload as it came', async () => {
  const crops = setUp({ people: { store_images: 'crops' } });
  const answer = await crops.add(ANNA);
  assert.deepEqual([answer.face.crop, answer.face.original], [true, false]);
  const kept = crops.gallery.faces[0]?.crop;
  assert.deepEqual(kept?.jpeg, Uint8Array.of(0xff, 0xd8, 0));
  // The script’s crop begins at the box and is half as large.
  assert.deepEqual(kept?.landmarks, [
    [30, 40],
    [70, 40],
    [50, 60],
    [35, 80],
    [65, 80],
  ]);
  const originals = setUp({ people: { store_images: 'originals' } });
  await originals.add(ANNA);
  assert.deepEqual(originals.gallery.faces[0]?.original, Uint8Array.of(ANNA));
  assert.notEqual(originals.gallery.faces[0]?.crop, null);
});

test('imaging that dies: everything begins again, once is stored', async () => {
  const { add, gallery, log } = setUp({
    people: { store_images: 'crops' },
    onCrop: (opened) => {
      if (opened === 1) throw new ChildGoneError({ code: null, signal: 'SIGKILL', hang: false, asked: false }, true);
    },
  });
  assert.equal((await add(ANNA)).created, true);
  assert.deepEqual([log.opened, log.closed, gallery.faces.length], [2, 2, 1]);
});
