import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { ANNA, BAD, NOBODY, TWO, isCode, refusedFor, setUp } from './enrol-support.ts';

test('a face is kept with what is known of it; no picture is', async () => {
  const { add, gallery, log, counts } = setUp();
  const answer = await add(ANNA);
  assert.equal(answer.created, true);
  assert.deepEqual(answer.warnings, []);
  assert.deepEqual([answer.quality?.usable, answer.ood?.accepted, answer.liveness?.label], [true, true, 'live']);
  assert.deepEqual(Object.keys(answer.models), ['detector', 'recognizer', 'liveness']);
  assert.equal(answer.image?.width, 1280);
  for (const stage of ['match', 'store', 'total']) assert.ok((answer.timings_ms[stage] ?? -1) >= 0, stage);
  const [face] = gallery.faces;
  assert.deepEqual(face, {
    collection: 'default',
    subject: 'Anna',
    source: 'picture',
    embeddings: new Map([['test-space', Float32Array.of(1, 0)]]),
    digest: createHash('sha256').update(Uint8Array.of(ANNA)).digest('hex'),
    box: { x_min: 0, y_min: 0, x_max: 200, y_max: 200 },
    detScore: 0.9,
    quality: 0.9,
    ood: 0.9,
    liveness: 0.9,
    crop: null,
    original: null,
  });
  assert.deepEqual([log.opened, log.closed], [1, 1]);
  assert.deepEqual(await counts(), { created: 1 });
});

test('the same picture of the same subject is there already: no model runs and nothing is stored', async () => {
  const { add, gallery, log, counts } = setUp();
  const first = await add(ANNA);
  log.infers.length = 0;
  const again = await add(ANNA);
  assert.deepEqual([again.created, again.face], [false, first.face]);
  assert.deepEqual([again.quality, again.models], [null, {}]);
  assert.equal(again.image?.width, 1280, 'the picture was looked at');
  assert.equal(log.infers.length, 0);
  assert.equal(gallery.faces.length, 1);
  // It need not pass what it had passed.
  assert.equal((await add(ANNA, {}, { min_face_size: 900 })).created, false);
  assert.deepEqual(await counts(), { created: 1, known: 2 });
});

test('policy: all reasons, the gravest as the code, and nothing is stored', async () => {
  const { add, gallery, counts } = setUp();
  gallery.know('Berta', [1, 0]);
  await assert.rejects(add(NOBODY), refusedFor('no_face'));
  await assert.rejects(add(TWO, { subject: 'Berta' }), refusedFor('too_many_faces'));
  await assert.rejects(add(BAD), refusedFor('face_too_small', 'ood_rejected', 'spoof_detected', 'looks_like_other'));
  assert.equal(gallery.faces.length, 1);
  assert.deepEqual(await counts(), { no_face: 1, too_many_faces: 1, face_too_small: 1 });
});

test('a request overrides the settings; settings are read at each use', async () => {
  const { add, deps, gallery } = setUp();
  const lenient = { min_face_size: 0, ood_policy: 'report', liveness_policy: 'report' } as const;
  const answer = await add(BAD, {}, lenient);
  assert.deepEqual(
    answer.warnings.map(({ code }) => code),
    ['ood_rejected', 'spoof_detected'],
  );
  assert.deepEqual([answer.ood?.accepted, answer.liveness?.label], [false, 'spoof']);
  await assert.rejects(add(TWO, { subject: 'Zoë' }), refusedFor('too_many_faces', 'looks_like_other'));
  deps.settings.people.enrol.several_faces = 'largest';
  deps.settings.people.enrol.similar = 'report';
  const two = await add(TWO, { subject: 'Zoë' });
  assert.deepEqual(
    two.warnings.map(({ code }) => code),
    ['too_many_faces', 'looks_like_other'],
  );
  assert.deepEqual(gallery.faces.at(-1)?.embeddings.get('test-space'), Float32Array.of(1, 0), 'the largest');
});

test('before any model runs: an unknown collection, and people that cannot be asked for', async () => {
  const { add, gallery, log, counts } = setUp();
  await assert.rejects(add(ANNA, { collection: 'nobodys' }), isCode('not_found'));
  gallery.failure = new FacepoolError('people_unavailable', 'being read');
  await assert.rejects(add(ANNA), isCode('people_unavailable'));
  assert.equal(log.opened, 0);
  assert.deepEqual(await counts(), { failed: 2 });
});
