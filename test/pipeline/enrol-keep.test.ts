import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { ANNA, ANNA_AGAIN, BERTA, isCode, refusedFor, setUp } from './enrol-support.ts';

test('the same picture twice at once is one face', async () => {
  const { add, gallery } = setUp();
  const answers = await Promise.all([add(ANNA), add(ANNA), add(ANNA)]);
  assert.equal(gallery.faces.length, 1);
  assert.equal(answers.filter(({ created }) => created).length, 1);
  assert.ok(answers.every(({ face, quality }) => face.face_id === 'f0' && quality !== null));
});

test('who looks like another subject is refused, and who may not read is not told whom', async () => {
  const { add } = setUp();
  await add(ANNA);
  assert.equal((await add(ANNA_AGAIN)).created, true, 'of the same subject it may be');
  const named = await add(ANNA_AGAIN, { subject: 'Berta' }).catch((e: unknown) => e);
  assert.match((named as FacepoolError).message, /"Anna" \(cosine 1,/);
  const other = await add(ANNA_AGAIN, { subject: 'Berta', canName: false }).catch((e: unknown) => e);
  assert.ok(other instanceof FacepoolError && other.code === 'looks_like_other');
  assert.doesNotMatch(JSON.stringify([other.message, other.reasons]), /Anna|cosine/);
  assert.equal(
    ((await add(ANNA, { subject: 'Berta', collection: 'staff' }).catch((e: unknown) => e)) as FacepoolError).code,
    'not_found',
  );
});

test('look-alikes under two names at once: the second sees the first', async () => {
  const { add, gallery, counts } = setUp();
  const names = ['Anna', 'Berta', 'Carla'];
  const results = await Promise.allSettled(names.map((subject) => add(ANNA, { subject })));
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
  for (const result of results) if (result.status === 'rejected') refusedFor('looks_like_other')(result.reason);
  assert.equal(gallery.faces.length, 1);
  assert.deepEqual(await counts(), { created: 1, looks_like_other: 2 });
  assert.equal((await add(BERTA, { subject: 'Berta' })).created, true, 'the lock is free again');
});

test('a client that has gone before anything is stored leaves nothing', async () => {
  const { add, gallery } = setUp();
  const abort = new AbortController();
  const gone = new FacepoolError('deadline_exceeded', 'the deadline has passed');
  const match = gallery.match;
  gallery.match = async (...args) => {
    const hits = await match(...args);
    if (args[2].length > 0) abort.abort(gone);
    return hits;
  };
  await assert.rejects(add(ANNA, { signal: abort.signal }), isCode('deadline_exceeded'));
  assert.deepEqual(gallery.faces, []);
});

test('what the store refuses is passed on', async () => {
  const { add, gallery } = setUp();
  gallery.beforeAdd = () => {
    throw new FacepoolError('storage_full', 'the disk is full');
  };
  await assert.rejects(add(ANNA), isCode('storage_full'));
});
