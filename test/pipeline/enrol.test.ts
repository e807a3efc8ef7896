import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import type { RequestOptions } from '../../src/contract/options.ts';
import { enrolAnswerSchema } from '../../src/contract/people.ts';
import { enrol } from '../../src/pipeline/enrol.ts';
import { ChildGoneError } from '../../src/supervisor/child-gone.ts';
import { type FakeOptions, fakePipeline, request, type ScriptedFace } from '../fixtures/pipeline.ts';

const [ANNA, ANNA_AGAIN, BERTA, TWO, NOBODY, BAD] = [1, 2, 3, 4, 5, 6] as const;
const SCRIPT: Readonly<Record<number, readonly ScriptedFace[]>> = {
  [ANNA]: [{ size: 200, embedding: [1, 0] }],
  [ANNA_AGAIN]: [{ size: 150, embedding: [0.8, 0.6] }],
  [BERTA]: [{ size: 150, embedding: [-0.6, 0.8] }],
  [TWO]: [
    { size: 50, embedding: [0, -1] },
    { size: 200, embedding: [1, 0] },
  ],
  [NOBODY]: [],
  [BAD]: [{ size: 20, embedding: [1, 0], quality: 0.1, live: 0.1 }],
};

type Who = {
  readonly subject?: string;
  readonly collection?: string;
  readonly canName?: boolean;
  readonly signal?: AbortSignal;
};

function setUp(options: Partial<FakeOptions> = {}) {
  const fake = fakePipeline({ script: SCRIPT, ...options });
  const add = async (image: number, who: Who = {}, wanted: RequestOptions = {}) => {
    const asked = { ...request(image, wanted), subject: 'Anna', collection: 'default', canName: true, ...who };
    return enrolAnswerSchema.parse(await enrol(fake.deps, asked));
  };
  const counts = async () => {
    const { values } = await fake.deps.metrics.peopleEnrolments.get();
    return Object.fromEntries(values.filter(({ value }) => value > 0).map((v) => [v.labels.result, v.value]));
  };
  return { ...fake, add, counts };
}
const isCode =
  (code: ErrorCode, param?: string) =>
  (e: unknown): boolean =>
    e instanceof FacepoolError && e.code === code && (param === undefined || e.param === param);
/** Refused for exactly these reasons, the first as its code. */
const refusedFor =
  (...codes: readonly string[]) =>
  (e: unknown): boolean => {
    assert.ok(e instanceof FacepoolError, String(e));
    assert.deepEqual([e.code, e.reasons?.map(({ code }) => code)], [codes[0], codes]);
    return true;
  };

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

test('the same picture twice at once is one face', async () => {
  const { add, gallery } = setUp();
  const answers = await Promise.all([add(ANNA), add(ANNA), add(ANNA)]);
  assert.equal(gallery.faces.length, 1);
  assert.equal(answers.filter(({ created }) => created).length, 1);
  assert.ok(answers.every(({ face, quality }) => face.face_id === 'f0' && quality !== null));
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

test('before any model runs: an unknown collection, and people that cannot be asked for', async () => {
  const { add, gallery, log, counts } = setUp();
  await assert.rejects(add(ANNA, { collection: 'nobodys' }), isCode('not_found'));
  gallery.failure = new FacepoolError('people_unavailable', 'being read');
  await assert.rejects(add(ANNA), isCode('people_unavailable'));
  assert.equal(log.opened, 0);
  assert.deepEqual(await counts(), { failed: 2 });
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
