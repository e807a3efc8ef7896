import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import type { RequestOptions } from '../../src/contract/options.ts';
import { facesAnswerSchema, verifyAnswerSchema } from '../../src/contract/results.ts';
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { ChildGoneError } from '../../src/supervisor/child-gone.ts';
import { settle } from '../fixtures/fake-process.ts';
import { type FakeOptions, fakePipeline, request, type ScriptedFace } from '../fixtures/pipeline.ts';

const ONE = 1;
const TWO = 2;
const NOBODY = 3;

const ANNA: ScriptedFace = { size: 200, embedding: [1, 0] };
const ANNA_AGAIN: ScriptedFace = { size: 150, embedding: [0.8, 0.6] };
const SCRIPT = { [ONE]: [ANNA], [TWO]: [ANNA_AGAIN], [NOBODY]: [] };

function setUp(options: Partial<FakeOptions> = {}) {
  const { deps, log } = fakePipeline({ script: SCRIPT, ...options });
  const sessions: string[] = [];
  const begin = (client: string, only?: 'stable') => {
    sessions.push(`begin ${client}${only === undefined ? '' : `, ${only}`}`);
    return { model: deps.model, end: () => void sessions.push('end') };
  };
  return { pipeline: createPipeline({ ...deps, begin }), log, sessions };
}

function verifyRequest(source: number, target: number, options: RequestOptions = {}) {
  const { image, ...rest } = request(source, options);
  return { ...rest, source: image, target: new Uint8Array([target]) };
}

const isCode =
  (code: ErrorCode, param?: string) =>
  (e: unknown): boolean =>
    e instanceof FacepoolError && e.code === code && (param === undefined || e.param === param);

test('detect: coordinates are pixels of the upright picture, faces by area, models and timings told', async () => {
  const { pipeline, log } = setUp({ script: { [ONE]: [{ size: 50 }, { size: 100 }] } });
  const answer = facesAnswerSchema.parse(await pipeline.detect(request(ONE)));
  assert.deepEqual(
    answer.faces.map((f) => f.box.x_max - f.box.x_min),
    [100, 50],
  );
  assert.deepEqual(answer.faces[0]?.box, { x_min: 10, y_min: 0, x_max: 110, y_max: 100 });
  assert.deepEqual(answer.faces[0]?.landmarks?.[0], [40, 40]);
  assert.deepEqual(answer.models, { detector: { version: 'v1', alias: 'stable', provider: 'cpu' } });
  assert.deepEqual(answer.timings_ms, { queue: 3, decode: 3, detect: 5, total: 0 });
  assert.deepEqual(
    log.infers.map((i) => i.model),
    ['detector'],
  );
  assert.equal(log.closed, 1);
});

test('fields decide what is told and which models run at all', async () => {
  const { pipeline, log } = setUp();
  const bare = await pipeline.detect(request(ONE, { fields: [] }));
  assert.deepEqual(Object.keys(bare.faces[0] ?? {}), ['box', 'det_score']);
  log.infers.length = 0;
  const quality = await pipeline.detect(request(ONE, { fields: ['quality'] }));
  assert.deepEqual(quality.faces[0]?.quality, { score: 0.9, usable: true, reasons: [] });
  assert.equal(quality.faces[0]?.embedding, undefined);
  const recognizer = log.infers.find((i) => i.model === 'recognizer');
  assert.deepEqual(
    recognizer?.job.parts.map((p) => p.graph),
    ['qual'],
    'no embedding is computed',
  );
  const crop = await pipeline.detect(request(ONE, { fields: ['crop'] }));
  assert.deepEqual(crop.faces[0]?.crop, { format: 'jpeg', base64: Buffer.from([0xff, 0xd8, 0]).toString('base64') });
});

test('limit keeps the largest; max_faces cuts and says so', async () => {
  const script = { [ONE]: [10, 40, 30, 20].map((size) => ({ size })) };
  const widths = async (options: RequestOptions, maxFaces = 100) => {
    const answer = await setUp({ script, maxFaces }).pipeline.detect(request(ONE, options));
    return [answer.faces.map((f) => f.box.x_max - f.box.x_min), answer.truncated] as const;
  };
  assert.deepEqual(await widths({ limit: 2 }), [[40, 30], undefined]);
  assert.deepEqual(await widths({ limit: 0 }), [[40, 30, 20, 10], undefined]);
  assert.deepEqual(await widths({}, 3), [[40, 30, 20], true]);
  assert.deepEqual(await widths({ limit: 2 }, 3), [[40, 30], undefined]);
  assert.deepEqual(await widths({ min_face_size: 25 }), [[40, 30], undefined]);
});

test('recognize: quality and OOD of every face, nobody known, embedding only when asked', async () => {
  const { pipeline } = setUp();
  const answer = facesAnswerSchema.parse(await pipeline.recognize(request(ONE)));
  const face = answer.faces[0];
  assert.deepEqual(face?.matches, []);
  assert.equal(face?.identity, null);
  assert.equal(face?.ood?.accepted, true);
  assert.equal(face?.embedding, undefined);
  assert.equal(face?.liveness, undefined);
  assert.deepEqual(Object.keys(answer.models), ['detector', 'recognizer']);
  const asked = await pipeline.recognize(request(ONE, { embedding_format: 'base64' }));
  const bytes = Buffer.from(asked.faces[0]?.embedding?.base64 ?? '', 'base64');
  assert.deepEqual([bytes.readFloatLE(0), bytes.readFloatLE(4)], [1, 0]);
});

test('a crowd keeps its order through the batches', async () => {
  const crowd = Array.from({ length: 21 }, (_, i) => ({ size: 500 - i, embedding: [i, 0] as const }));
  const { pipeline, log } = setUp({ script: { [ONE]: crowd } });
  const answer = await pipeline.embed(request(ONE));
  assert.deepEqual(
    answer.faces.map((f) => f.embedding?.array?.[0]),
    crowd.map((_, i) => i),
  );
  const batches = log.infers.filter((i) => i.model === 'recognizer').map((i) => i.job.parts[0]?.shape[0]);
  assert.deepEqual(batches, [16, 4, 1]);
  const onCpu = setUp({ script: { [ONE]: crowd }, maxBatch: 4 });
  await onCpu.pipeline.embed(request(ONE));
  const small = onCpu.log.infers.filter((i) => i.model === 'recognizer').map((i) => i.job.parts[0]?.shape[0]);
  assert.deepEqual(small, [4, 4, 4, 4, 4, 1]);
});

test('policies refuse by name; report only marks', async () => {
  const script = { [ONE]: [{ size: 100, quality: 0.1, live: 0.2 }] };
  const { pipeline, log } = setUp({ script });
  const marked = await pipeline.recognize(request(ONE, { fields: ['quality', 'ood', 'liveness'] }));
  assert.deepEqual(marked.faces[0]?.quality, {
    score: 0.1,
    usable: false,
    reasons: ['low_quality', 'out_of_distribution'],
  });
  assert.equal(marked.faces[0]?.ood?.accepted, false);
  assert.equal(marked.faces[0]?.liveness?.label, 'spoof');
  await assert.rejects(pipeline.recognize(request(ONE, { ood_policy: 'require' })), isCode('ood_rejected'));
  await assert.rejects(pipeline.recognize(request(ONE, { liveness_policy: 'require' })), isCode('spoof_detected'));
  assert.equal(log.opened, log.closed);
});

test('liveness runs where it is required although nobody asked to see it, and second opinions by setting', async () => {
  const { pipeline, log } = setUp();
  const answer = await pipeline.recognize(request(ONE, { liveness_policy: 'require' }));
  assert.equal(answer.faces[0]?.liveness?.label, 'live');
  assert.deepEqual(
    log.infers.find((i) => i.model === 'liveness')?.job.parts.map((p) => p.graph),
    ['live'],
  );
  const opinions = setUp({ opinions: true });
  const told = await opinions.pipeline.liveness(request(ONE));
  assert.deepEqual(told.faces[0]?.liveness?.opinions, [{ model: 'second', score: 0.9, label: 'live' }]);
});

test('verify: cosine, similarity and decision, in the shape of the API', async () => {
  const { pipeline } = setUp();
  const answer = verifyAnswerSchema.parse(await pipeline.verify(verifyRequest(ONE, TWO)));
  assert.equal(answer.cosine, 0.8);
  assert.equal(answer.threshold, 0.4);
  assert.equal(answer.match, true);
  assert.equal(answer.space, 'test-space');
  const strict = await pipeline.verify(verifyRequest(ONE, TWO, { match_threshold: 0.9 }));
  assert.equal(strict.match, false);
});

test('verify is closed when in doubt: no match with a face that is not accepted or not live', async () => {
  const script = { [ONE]: [ANNA], [TWO]: [{ ...ANNA, quality: 0.2 }], 4: [{ ...ANNA, live: 0.1 }] };
  const { pipeline } = setUp({ script });
  const doubtful = await pipeline.verify(verifyRequest(ONE, TWO));
  assert.equal(doubtful.cosine, 1);
  assert.equal(doubtful.match, false);
  await assert.rejects(
    pipeline.verify(verifyRequest(ONE, 4, { liveness_policy: 'require' })),
    isCode('spoof_detected', 'target_image'),
  );
});

test('verify names the picture that has no face or is broken', async () => {
  const { pipeline, log } = setUp();
  await assert.rejects(pipeline.verify(verifyRequest(NOBODY, ONE)), isCode('no_face', 'source_image'));
  await assert.rejects(pipeline.verify(verifyRequest(ONE, NOBODY)), isCode('no_face', 'target_image'));
  await assert.rejects(pipeline.verify(verifyRequest(ONE, 99)), isCode('unsupported_media', 'target_image'));
  await settle();
  assert.equal(log.closed, 5, 'every frame that was opened is closed');
});

test('wrong models are refused by the option that names them', async () => {
  const { pipeline } = setUp();
  await assert.rejects(pipeline.detect(request(ONE, { detector: 'nobody' })), isCode('invalid_argument', 'detector'));
  await assert.rejects(
    pipeline.detect(request(ONE, { detector: 'recognizer' })),
    isCode('invalid_argument', 'detector'),
  );
  const blind = setUp({ landmarks: false });
  assert.equal((await blind.pipeline.detect(request(ONE))).faces[0]?.landmarks, null);
  await assert.rejects(blind.pipeline.recognize(request(ONE)), isCode('invalid_argument', 'detector'));
  await assert.rejects(pipeline.recognize(request(ONE, { collection: 'staff' })), isCode('not_found', 'collection'));
  await assert.rejects(
    pipeline.recognize(request(ONE, { match_threshold: 2e-4 })),
    isCode('invalid_argument', 'match_threshold'),
  );
});

test('an empty picture is missing_image and reaches nobody', async () => {
  const { pipeline, log } = setUp();
  const empty = { ...request(ONE), image: new Uint8Array(0) };
  await assert.rejects(pipeline.detect(empty), isCode('missing_image'));
  assert.equal(log.opened, 0);
});

const died = (signal: 'SIGSEGV' | 'SIGKILL'): ChildGoneError =>
  new ChildGoneError({ code: null, signal, hang: false, asked: false }, true);

test('imaging killed from outside in the middle: everything begins again from the upload', async () => {
  const { pipeline, log } = setUp({
    onCrop: (opened) => {
      if (opened <= 3) throw died('SIGKILL');
    },
  });
  const answer = await pipeline.recognize(request(ONE));
  assert.equal(answer.faces.length, 1);
  assert.equal(log.opened, 4);
  assert.equal(log.closed, 4);
});

test('a picture that crashes imaging twice is poison', async () => {
  const { pipeline, log } = setUp({
    onCrop: () => {
      throw died('SIGSEGV');
    },
  });
  await assert.rejects(pipeline.recognize(request(ONE)), isCode('poison_input'));
  assert.equal(log.opened, 2);
  assert.equal(log.closed, 2);
});

test('a request is one session, of the client who asks; it ends whatever happens', async () => {
  const { pipeline, sessions } = setUp();
  await pipeline.detect(request(ONE));
  await pipeline.detect({ ...request(ONE), client: 'anna' });
  await assert.rejects(pipeline.verify(verifyRequest(ONE, NOBODY)), isCode('no_face'));
  const { requestId } = request(ONE);
  assert.deepEqual(sessions, [`begin ${requestId}`, 'end', 'begin anna', 'end', `begin ${requestId}`, 'end']);
});

test('search may be answered by a version on trial, but what is stored is by a stable one', async () => {
  const { pipeline, sessions } = setUp();
  await pipeline.search(request(ONE));
  await pipeline.enrol({ ...request(ONE), collection: 'default', subject: 'Anna', canName: true });
  const { requestId } = request(ONE);
  assert.deepEqual(sessions, [`begin ${requestId}`, 'end', `begin ${requestId}, stable`, 'end']);
  assert.equal((await pipeline.recognize(request(TWO))).faces[0]?.identity, 'Anna');
  const { options, signal } = request(ONE);
  const numbers = { requestId, options, signal, embedding: { space: 'other', array: [1, 0] } };
  await assert.rejects(pipeline.search(numbers), isCode('space_mismatch'));
});
