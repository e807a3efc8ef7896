/** People from end to end: photographs enrolled and known again, refused with reasons, and never told when in doubt. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import {
  type EnrolAnswer,
  enrolAnswerSchema,
  type SearchAnswer,
  searchAnswerSchema,
} from '../../src/contract/people.ts';
import type { FaceAnswer, Problem } from '../../src/contract/results.ts';
import { type Answer, facesOf, post, postJson, problemOf, type Query } from './support/client.ts';
import { embeddingOf } from './support/faces.ts';
import { ROOT } from './support/process.ts';
import { startServer, type TestServer, withServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { swapAdmin } from './support/swap-admin.ts';

const portrait = (name: string): Buffer => picture(`photos/${name}.jpg`);
const FACES = '/v1/collections/default/faces';

/** Who is enrolled by which picture, and which others show the same person. */
const ENROLLED: Readonly<Record<string, readonly [picture: string, ...others: string[]]>> = {
  'Vlado Ž': ['person-vlado', 'person-vlado1', 'person-vlado5'],
  'A/1': ['stock-emotions-a-1', 'stock-emotions-a-2', 'stock-emotions-a-5'],
  'b two': ['stock-emotions-b-2', 'stock-emotions-b-5'],
  Christina: ['person-christina'],
  Lauren: ['person-lauren'],
};
const STRANGERS = ['person-nicole', 'stock-emotions-b-1', 'one_face'];

const enrol = (server: TestServer, subject: string, image: Uint8Array, query: Query = {}): Promise<Answer> =>
  post(server, FACES, image, { subject, ...query });

function enrolled(answer: Answer, status = 201): EnrolAnswer {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return enrolAnswerSchema.parse(answer.body);
}

function found(answer: Answer): SearchAnswer {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return searchAnswerSchema.parse(answer.body);
}

/** Why it was refused; the gravest first. */
function reasonsOf(answer: Answer, code: Parameters<typeof problemOf>[1]): string[] {
  const problem: Problem = problemOf(answer, code);
  return problem.reasons?.map((reason) => reason.code) ?? [];
}

async function recognized(server: TestServer, image: Uint8Array, query: Query = {}): Promise<FaceAnswer[]> {
  return facesOf(await post(server, '/v1/recognize', image, query)).faces;
}

describe('people', { skip }, () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  it('nobody is known to a server without people', async () => {
    const [face] = await recognized(server, portrait('person-vlado'));
    assert.deepEqual([face?.matches, face?.identity], [[], null]);
    problemOf(await post(server, '/v1/recognize', portrait('person-vlado'), { collection: 'staff' }), 'not_found');
  });

  it('enrols portraits by the default policy', async () => {
    for (const [subject, [name]] of Object.entries(ENROLLED)) {
      const answer = enrolled(await enrol(server, subject, portrait(name)));
      assert.deepEqual([answer.created, answer.warnings, answer.face.subject], [true, [], subject]);
      assert.deepEqual([answer.face.space, answer.face.source], ['omz-0095', 'picture']);
      assert.deepEqual([answer.face.crop, answer.face.original], [false, false], 'no picture is kept unless asked');
      assert.deepEqual([answer.ood?.accepted, answer.liveness?.label], [true, 'live']);
      for (const stage of ['match', 'store']) assert.ok(stage in answer.timings_ms, stage);
    }
  });

  it('the same picture again changes nothing', async () => {
    const again = enrolled(await enrol(server, 'Christina', portrait('person-christina')), 200);
    assert.equal(again.created, false);
    assert.equal(again.image?.format, 'jpeg');
  });

  it('knows every enrolled person on other pictures, and strangers as unknown', async () => {
    for (const [subject, names] of Object.entries(ENROLLED)) {
      for (const name of names) {
        const [face] = await recognized(server, portrait(name), { top_k: 2 });
        const [best, next] = face?.matches ?? [];
        const facts = `${name}: ${JSON.stringify(face?.matches)}`;
        assert.equal(face?.identity, subject, facts);
        assert.ok(best && next, facts);
        assert.deepEqual([best.subject, best.match, best.threshold, next.match], [subject, true, 0.427, false], facts);
        assert.ok(best.similarity >= 0.5 && next.similarity < 0.5, facts);
        assert.ok(Math.abs((best.margin ?? 0) - (best.cosine - next.cosine)) < 2e-4, facts);
        assert.ok((best.margin ?? 0) > 0.15 && best.subject !== next.subject, facts);
      }
    }
    for (const name of STRANGERS) {
      const [face] = await recognized(server, portrait(name));
      assert.deepEqual([face?.identity, face?.matches?.length, face?.matches?.[0]?.match], [null, 1, false], name);
    }
    const crowd = await recognized(server, portrait('solvay1927'));
    assert.equal(crowd.length, 29);
    assert.ok(crowd.every(({ identity, matches }) => identity === null && matches?.length === 1));
  });

  it('a face in a crowd of one request has its own answer', async () => {
    const [left, right] = await Promise.all(
      ['person-vlado1', 'stock-emotions-b-5'].map((name) =>
        sharp(portrait(name)).resize(400, 400, { fit: 'cover', position: 'attention' }).toBuffer(),
      ),
    );
    const canvas = sharp({ create: { width: 800, height: 400, channels: 3, background: '#888' } });
    const both = await canvas
      .composite([
        { input: left, left: 0, top: 0 },
        { input: right, left: 400, top: 0 },
      ])
      .png()
      .toBuffer();
    const faces = await recognized(server, both);
    const names = faces.toSorted((a, b) => a.box.x_min - b.box.x_min).map(({ identity }) => identity);
    assert.deepEqual(names, ['Vlado Ž', 'b two']);
  });

  it('is closed when in doubt: what it is like is shown, and not told', async () => {
    const blurred = await sharp(portrait('person-vlado')).blur(9).jpeg().toBuffer();
    const [face] = await recognized(server, blurred);
    assert.ok(face, 'the face is still found');
    assert.equal(face.ood?.accepted, false, JSON.stringify(face.quality));
    assert.deepEqual([face.identity, face.matches?.length, face.matches?.[0]?.match], [null, 1, false]);

    // A photograph of a spoof of somebody who is enrolled: only liveness says no.
    const spoof = picture('liveness/minivision_image_F1.jpg');
    enrolled(await enrol(server, 'The one in the print', spoof, { liveness_policy: 'report' }));
    const [unchecked] = await recognized(server, spoof);
    assert.equal(unchecked?.identity, 'The one in the print', 'liveness did not run');
    const [checked] = await recognized(server, spoof, { fields: 'liveness' });
    assert.deepEqual([checked?.identity, checked?.matches?.[0]?.match], [null, false]);
    assert.ok((checked?.matches?.[0]?.cosine ?? 0) > 0.99);
  });

  it('refuses with every reason, the gravest as the code', async () => {
    const refused = async (image: Uint8Array, code: Parameters<typeof problemOf>[1], query: Query = {}) =>
      reasonsOf(await enrol(server, 'Nobody', image, query), code);
    assert.deepEqual(await refused(portrait('background'), 'no_face'), ['no_face']);
    assert.ok((await refused(portrait('group-1'), 'too_many_faces')).includes('too_many_faces'));
    assert.ok(
      (await refused(picture('liveness/minivision_image_F2.jpg'), 'spoof_detected')).includes('spoof_detected'),
    );
    const two = await refused(picture('liveness/lunasdk_spoof.jpg'), 'too_many_faces');
    assert.deepEqual(two.slice(0, 2), ['too_many_faces', 'spoof_detected']);
    const blurred = await sharp(portrait('person-nicole')).blur(12).jpeg().toBuffer();
    assert.ok((await refused(blurred, 'ood_rejected')).includes('ood_rejected'));
    assert.ok((await refused(picture('anime/cheese_demo.jpg'), 'ood_rejected')).includes('ood_rejected'));
    const tiny = await sharp(portrait('person-nicole')).resize(60).png().toBuffer();
    assert.ok((await refused(tiny, 'face_too_small')).includes('face_too_small'));
    assert.deepEqual(await refused(portrait('person-vlado1'), 'looks_like_other'), ['looks_like_other']);
    assert.deepEqual(await refused(portrait('person-vlado1'), 'face_too_small', { min_face_size: 500 }), [
      'face_too_small',
      'looks_like_other',
    ]);
    const [face] = await recognized(server, portrait('person-nicole'));
    assert.equal(face?.identity, null, 'nothing of what was refused is known');
  });

  it('of look-alikes under two names at once one is enrolled', async () => {
    const created = await postJson(server, '/v1/collections', { name: 'twins' });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    const twins = await Promise.all(
      ['person-vlado', 'person-vlado1'].map((name) =>
        post(server, '/v1/collections/twins/faces', portrait(name), { subject: `who is on ${name}` }),
      ),
    );
    assert.deepEqual(
      twins.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 422],
    );
    const second = twins.find(({ status }) => status === 422);
    assert.ok(second && reasonsOf(second, 'looks_like_other').length === 1);
    const [face] = await recognized(server, portrait('person-vlado5'), { collection: 'twins' });
    assert.match(face?.identity ?? '', /^who is on person-vlado1?$/);
  });

  it('searches by a picture and by an embedding', async () => {
    const image = portrait('person-vlado5');
    const byPicture = found(await post(server, '/search', image, { top_k: 3 }));
    assert.equal(byPicture.identity, 'Vlado Ž');
    assert.equal(byPicture.matches.length, 3);
    assert.equal(byPicture.face?.ood?.accepted, true);
    const [face] = facesOf(await post(server, '/v1/embed', image)).faces;
    assert.ok(face);
    const embedding = { space: 'omz-0095', array: [...embeddingOf(face)] };
    const byNumbers = found(await postJson(server, '/v1/search', { embedding, top_k: 3 }));
    assert.deepEqual(byNumbers.matches, byPicture.matches);
    assert.deepEqual([byNumbers.identity, byNumbers.face], [undefined, undefined]);
    const floats = Buffer.from(Float32Array.from(embedding.array).buffer).toString('base64');
    const byBase64 = found(await postJson(server, '/v1/search', { embedding: { space: 'omz-0095', base64: floats } }));
    assert.deepEqual(byBase64.matches[0], byPicture.matches[0]);

    const short = { ...embedding, array: embedding.array.slice(1) };
    problemOf(await postJson(server, '/v1/search', { embedding: short }), 'invalid_argument');
    const long = { ...embedding, array: embedding.array.map((value) => value * 1.1) };
    problemOf(await postJson(server, '/v1/search', { embedding: long }), 'invalid_argument');
    problemOf(await postJson(server, '/v1/search', { embedding: { ...embedding, space: 'other' } }), 'space_mismatch');
    problemOf(await post(server, '/v1/search', portrait('background')), 'no_face');
  });

  it('tells of people in the metrics, and of nobody by name', async () => {
    assert.equal(await server.metric('facepool_people_enrolments_total', { result: 'known' }), 1);
    assert.ok((await server.metric('facepool_people_enrolments_total', { result: 'looks_like_other' })) >= 2);
    assert.ok((await server.metric('facepool_recognize_faces_total', { result: 'identified' })) >= 10);
    assert.ok((await server.metric('facepool_recognize_faces_total', { result: 'unknown' })) >= 29);
    assert.ok((await server.metric('facepool_recognize_faces_total', { result: 'untrusted' })) >= 2);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const log = JSON.stringify(server.log());
    for (const name of [...Object.keys(ENROLLED), 'The one in the print', 'who is on']) {
      assert.ok(!text.includes(name) && !log.includes(name), name);
    }
  });
});

describe('people and a canary of another space', { skip }, () => {
  it('is 409 in words for whom the canary serves; enrolment is by what is stable', async () => {
    await withServer({}, async (server) => {
      otherSpace(server.dataDir);
      const admin = swapAdmin(server.socket);
      // While nobody is enrolled it may be tried.
      const canary = await admin.swap('recognizer', { version: 'other-space', strategy: 'canary', percent: 50 });
      assert.ok(canary.ok, JSON.stringify(canary));

      const image = portrait('person-vlado');
      const ask = async (client: string, route: string, query = '') => {
        const answer = await fetch(`${server.url}${route}${query}`, {
          method: 'POST',
          body: new Uint8Array(image),
          headers: { 'content-type': 'application/octet-stream', 'x-client-id': client },
        });
        return { status: answer.status, headers: answer.headers, body: await answer.json() } satisfies Answer;
      };
      const clients = Array.from({ length: 24 }, (_, i) => `client-${i}`);
      const aliasOf = async (client: string) => facesOf(await ask(client, '/v1/embed')).models['recognizer']?.alias;
      const byAlias = new Map<string, string>();
      for (const client of clients) byAlias.set((await aliasOf(client)) ?? '', client);
      const [onCanary, onStable] = [byAlias.get('canary'), byAlias.get('stable')];
      assert.ok(onCanary !== undefined && onStable !== undefined);

      const { face } = enrolled(await ask(onCanary, FACES, '?subject=Vlado'));
      assert.equal(face.space, 'omz-0095', 'the collection is bound by what is stable');
      assert.equal(facesOf(await ask(onStable, '/v1/recognize')).faces[0]?.identity, 'Vlado');
      for (const route of ['/v1/recognize', '/v1/search']) {
        const problem = problemOf(await ask(onCanary, route), 'space_mismatch');
        assert.match(problem.detail, /known in "omz-0095".*other-space \(canary\) embeds in "elsewhere"/);
      }
    });
  });
});

/** The recognizer as it is, said to embed in another space. */
function otherSpace(dataDir: string): void {
  const dir = path.join(dataDir, 'models', 'recognizer', 'other-space');
  cpSync(path.join(ROOT, 'models', 'recognizer', 'omz-0095'), dir, { recursive: true });
  const manifest = path.join(dir, 'manifest.yaml');
  const text = readFileSync(manifest, 'utf8');
  const changed = text
    .replace(/^version: omz-0095$/m, 'version: other-space')
    .replace(/^ {2}space: omz-0095$/m, '  space: elsewhere');
  assert.ok(changed.includes('version: other-space') && changed.includes('space: elsewhere'));
  writeFileSync(manifest, changed);
}
