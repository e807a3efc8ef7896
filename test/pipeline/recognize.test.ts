import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import type { RequestOptions } from '../../src/contract/options.ts';
import { facesAnswerSchema } from '../../src/contract/results.ts';
import { recognize } from '../../src/pipeline/recognize.ts';
import { type FakeOptions, fakePipeline, request, type ScriptedFace } from '../fixtures/pipeline.ts';

const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)] as const;
const face = (degrees: number, more: Partial<ScriptedFace> = {}): ScriptedFace => ({
  size: 200 - degrees,
  embedding: at(degrees),
  ...more,
});

/** Anna at 0°, Berta at 90°; pictures are of one face, or of several. */
function setUp(faces: readonly ScriptedFace[], options: Partial<FakeOptions> = {}) {
  const fake = fakePipeline({ script: { 1: faces }, ...options });
  fake.gallery.know('Anna', at(0));
  fake.gallery.know('Berta', at(90));
  const ask = async (wanted: RequestOptions = {}) =>
    facesAnswerSchema.parse(await recognize(fake.deps, request(1, wanted)));
  const counts = async () => {
    const { values } = await fake.deps.metrics.recognizedFaces.get();
    return Object.fromEntries(values.filter(({ value }) => value > 0).map((v) => [v.labels.result, v.value]));
  };
  return { ...fake, ask, counts };
}
const isCode = (code: ErrorCode) => (e: unknown) => e instanceof FacepoolError && e.code === code;

test('each face has its own matches; all of them are one search', async () => {
  // 10° is cosine 0.985 from Anna, 80° from Berta; 225° is nobody (cosine < 0).
  const { ask, gallery, counts } = setUp([face(10), face(80), face(225 - 180, { embedding: at(225) })]);
  const { faces, timings_ms } = await ask();
  assert.deepEqual(
    faces.map(({ identity }) => identity),
    ['Anna', null, 'Berta'],
  );
  assert.deepEqual(
    faces.map(({ matches }) => matches?.map(({ subject, match }) => `${subject} ${match}`)),
    [['Anna true'], ['Anna false'], ['Berta true']],
  );
  assert.equal(faces[0]?.matches?.[0]?.cosine, 0.9848);
  assert.equal(faces[0]?.matches?.[0]?.margin, 0.8112);
  assert.deepEqual(gallery.searches, [{ space: 'test-space', embeddings: 3, k: 2 }]);
  assert.ok((timings_ms.match ?? -1) >= 0);
  assert.deepEqual(await counts(), { identified: 2, unknown: 1 });
});

test('top_k shows more, the threshold decides', async () => {
  const { ask } = setUp([face(40)]);
  const two = (await ask({ top_k: 5 })).faces[0];
  assert.deepEqual(
    two?.matches?.map(({ subject, match, margin }) => [subject, match, margin]),
    [
      ['Anna', true, 0.1233],
      ['Berta', true, null],
    ],
  );
  assert.equal(two?.identity, 'Anna');
  const strict = (await ask({ match_threshold: 0.9 })).faces[0];
  assert.deepEqual(
    [strict?.identity, strict?.matches?.[0]?.match, strict?.matches?.[0]?.threshold],
    [null, false, 0.9],
  );
  // cos 40° = .766; a false accept rate of 1e-5 is a cosine of .5 here.
  assert.equal((await ask({ match_threshold: 1e-5 })).faces[0]?.identity, 'Anna');
});

test('closed when in doubt, whatever the policy: shown, and not told', async () => {
  const [ood, spoof] = [face(0, { quality: 0.1 }), face(0, { live: 0.1 })];
  const cases: [ScriptedFace[], RequestOptions][] = [
    [[ood], {}],
    [[ood], { liveness_policy: 'report', ood_policy: 'report' }],
    [[spoof], { fields: ['liveness'] }],
  ];
  for (const [faces, options] of cases) {
    const { ask, counts } = setUp(faces);
    const [told] = (await ask(options)).faces;
    assert.equal(told?.identity, null);
    assert.equal(told?.matches?.[0]?.subject, 'Anna');
    assert.equal(told?.matches?.[0]?.cosine, 1);
    assert.equal(told?.matches?.[0]?.match, false);
    assert.deepEqual(await counts(), { untrusted: 1 });
  }
  const required = setUp([ood]);
  await assert.rejects(required.ask({ ood_policy: 'require' }), isCode('ood_rejected'));
  assert.deepEqual(required.gallery.searches, [], 'nobody is searched for a face that is refused');
});

test('too close to another subject is no identity; the setting is read at each use', async () => {
  const { ask, deps } = setUp([face(40)], { people: { min_margin: 0.2 } });
  const told = (await ask()).faces[0];
  assert.deepEqual([told?.identity, told?.matches?.[0]?.match, told?.matches?.[0]?.margin], [null, true, 0.1233]);
  deps.settings.people.min_margin = 0.1;
  assert.equal((await ask()).faces[0]?.identity, 'Anna');
});

test('before any model runs: an unknown collection, another space, people that cannot be asked for', async () => {
  const { ask, gallery, log } = setUp([face(0)], { alias: 'canary' });
  await assert.rejects(ask({ collection: 'nobodys' }), isCode('not_found'));
  gallery.spaces.set('default', ['other-space']);
  await assert.rejects(ask(), isCode('space_mismatch'));
  gallery.failure = new FacepoolError('people_unavailable', 'People cannot be asked for now: being read');
  await assert.rejects(ask(), isCode('people_unavailable'));
  assert.deepEqual([log.opened, log.infers.length], [0, 0]);
});

test('people that fail between are an error and never "unknown"', async () => {
  const { ask, gallery, deps, counts } = setUp([face(0)]);
  const match = gallery.match;
  gallery.match = async (...args) => {
    if (args[2].length > 0) throw new FacepoolError('people_unavailable', 'gone meanwhile');
    return match(...args);
  };
  await assert.rejects(ask(), isCode('people_unavailable'));
  assert.deepEqual(await counts(), {});
  assert.equal((await deps.metrics.recognizedFaces.get()).values.length, 3);
});

test('nobody in the picture: no search; nobody enrolled: nobody is known', async () => {
  const empty = setUp([]);
  assert.deepEqual((await empty.ask()).faces, []);
  assert.deepEqual(empty.gallery.searches, []);
  const { deps } = fakePipeline({ script: { 1: [face(0)] } });
  const [told] = (await recognize(deps, request(1))).faces;
  assert.deepEqual([told?.matches, told?.identity], [[], null]);
});
