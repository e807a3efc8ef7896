/** Photographs in, the right faces, vectors and verdicts out: a whole server, its HTTP API, real weights. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { boxArea, boxHeight, boxWidth } from '../../src/contract/geometry.ts';
import type { FaceAnswer } from '../../src/contract/results.ts';
import { mapLimit } from '../../src/util/map-limit.ts';
import { detect, facesOf, post, postForm, postJson, problemOf, verifyOf } from './support/client.ts';
import { cosine, embeddingOf, iou } from './support/faces.ts';
import { startServer, type TestServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';

/** Who is on which portrait; every picture without a name here shows a person of its own. */
const PERSONS: Readonly<Record<string, string>> = {
  'person-vlado': 'vlado',
  'person-vlado1': 'vlado',
  'person-vlado5': 'vlado',
  'stock-emotions-a-1': 'a',
  'stock-emotions-a-2': 'a',
  'stock-emotions-a-5': 'a',
  'stock-emotions-b-2': 'b',
  'stock-emotions-b-5': 'b',
};
const PORTRAITS = [
  ...Object.keys(PERSONS),
  'stock-emotions-b-1',
  'person-christina',
  'person-lauren',
  'person-nicole',
] as const;
const samePerson = (a: string, b: string): boolean => (PERSONS[a] ?? a) === (PERSONS[b] ?? b);
const portrait = (name: string): Buffer => picture(`photos/${name}.jpg`);

describe('recognition', { skip }, () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  const only = (faces: readonly FaceAnswer[]): FaceAnswer => {
    assert.equal(faces.length, 1);
    return faces[0] as FaceAnswer;
  };

  it('finds 29 faces at Solvay and none in a landscape', async () => {
    const solvay = await detect(server, picture('photos/solvay1927.jpg'));
    assert.equal(solvay.faces.length, 29);
    assert.deepEqual(solvay.image, { width: 2048, height: 922, format: 'jpeg', orientation_applied: false });
    assert.equal(solvay.truncated, undefined);
    const areas = solvay.faces.map(({ box }) => boxArea(box));
    // Boxes are sorted before they are rounded to a tenth of a pixel.
    for (const [i, area] of areas.entries()) assert.ok(area <= (areas[i - 1] ?? Infinity) * 1.01, 'largest first');
    for (const face of solvay.faces) {
      const [left, right, nose, mouthLeft, mouthRight] = face.landmarks ?? [];
      assert.ok(left && right && nose && mouthLeft && mouthRight);
      assert.ok(left[0] < right[0] && mouthLeft[0] < mouthRight[0] && left[1] < mouthLeft[1], 'landmark order');
      assert.ok(nose[0] > face.box.x_min - 5 && nose[0] < face.box.x_max + 5);
    }
    assert.deepEqual((await detect(server, picture('photos/background.jpg'))).faces, []);
  });

  it('answers every face of a crowd on every route', async () => {
    const solvay = picture('photos/solvay1927.jpg');
    const query = { fields: 'landmarks,quality,ood,liveness,embedding' };
    const { faces } = facesOf(await post(server, '/v1/recognize', solvay, query));
    assert.equal(faces.length, 29);
    for (const face of faces) {
      const vector = embeddingOf(face);
      assert.ok(Math.abs(cosine(vector, vector) - 1) < 1e-4, 'L2-normalised');
      assert.equal(face.identity, null);
      assert.ok(face.ood && face.quality && face.liveness && face.landmarks);
    }
    // 29 faces go as a batch of 16, three of 4 and one; 5 as one of 4 and one. Batches must not mix faces up.
    const five = facesOf(await post(server, '/v1/embed', solvay, { limit: 5 })).faces;
    assert.equal(five.length, 5);
    for (const [i, alone] of five.entries()) {
      const cosines = faces.map((face) => cosine(embeddingOf(face), embeddingOf(alone)));
      assert.ok((cosines[i] ?? 0) > 0.999, `face ${i}`);
      assert.ok(
        cosines.toSpliced(i, 1).every((cos) => cos < 0.6),
        `face ${i}`,
      );
    }
  });

  it('has the documented default fields on every route', async () => {
    const image = portrait('person-vlado');
    const keys = async (route: string, query = {}): Promise<string[]> => {
      const answer = facesOf(await post(server, route, image, query));
      assert.equal(answer.models['detector']?.version, 'yunet-n');
      const stages = Object.values(answer.timings_ms);
      assert.ok(stages.every((ms) => ms >= 0) && (answer.timings_ms['total'] ?? 0) > 0);
      return Object.keys(only(answer.faces)).sort();
    };
    assert.deepEqual(await keys('/detect'), ['box', 'det_score', 'landmarks']);
    assert.deepEqual(await keys('/v1/liveness'), ['box', 'det_score', 'landmarks', 'liveness']);
    const recognized = ['box', 'det_score', 'identity', 'landmarks', 'matches', 'ood', 'quality'];
    assert.deepEqual(await keys('/v1/recognize'), recognized);
    assert.deepEqual((await keys('/v1/embed')).filter((key) => key !== 'landmarks').sort(), [
      'box',
      'det_score',
      'embedding',
      'ood',
    ]);
    assert.deepEqual(await keys('/v1/detect', { fields: '' }), ['box', 'det_score']);
    assert.deepEqual(await keys('/v1/detect', { fields: 'ood,liveness' }), ['box', 'det_score', 'liveness', 'ood']);
  });

  it('takes the same picture in every way and gives the same faces', async () => {
    const image = portrait('person-vlado');
    const { faces } = await detect(server, image);
    for (const field of ['file', 'image', 'img', 'photo']) {
      assert.deepEqual(facesOf(await postForm(server, '/detect', { [field]: image })).faces, faces, field);
    }
    const base64 = image.toString('base64');
    assert.deepEqual(facesOf(await postJson(server, '/v1/detect', { image: { base64 } })).faces, faces);
    const verified = [
      await postForm(server, '/verify', { source_image: image, target_image: image }),
      await postJson(server, '/verify', { source_image: { base64 }, target_image: { base64 } }),
    ].map(verifyOf);
    assert.deepEqual(verified[0]?.source, verified[1]?.source);
  });

  it('selects faces by limit, size and score', async () => {
    const solvay = picture('photos/solvay1927.jpg');
    const { faces } = await detect(server, solvay);
    const three = await detect(server, solvay, { limit: 3 });
    assert.deepEqual(three.faces, faces.slice(0, 3));
    assert.equal(three.truncated, undefined);
    const shorter = ({ box }: FaceAnswer): number => Math.min(boxWidth(box), boxHeight(box));
    const big = await detect(server, solvay, { min_face_size: 56 });
    assert.ok(big.faces.length > 0 && big.faces.length < 29);
    assert.ok(big.faces.every((face) => shorter(face) > 55.8));
    const sure = await detect(server, solvay, { det_threshold: 0.9 });
    assert.deepEqual(
      sure.faces,
      faces.filter(({ det_score }) => det_score >= 0.9),
    );
    assert.deepEqual((await detect(server, solvay, { det_threshold: 1 })).faces, []);
  });

  it('cuts faces out as JPEG, with as much around them as is asked for', async () => {
    const image = portrait('person-vlado');
    const cut = async (crop_margin: number) => {
      const face = only((await detect(server, image, { fields: 'crop', crop_margin })).faces);
      const { width, height, format } = await sharp(Buffer.from(face.crop?.base64 ?? '', 'base64')).metadata();
      assert.equal(format, 'jpeg');
      return { width, height, box: face.box };
    };
    const tight = await cut(0);
    assert.ok(Math.abs(tight.width - boxWidth(tight.box)) <= 2 && Math.abs(tight.height - boxHeight(tight.box)) <= 2);
    const wide = await cut(0.5);
    assert.ok(Math.abs(wide.width - 2 * boxWidth(wide.box)) <= 3, 'half the side more on both sides');
    const clipped = await cut(4);
    assert.ok(clipped.width <= 1024 && clipped.height <= 768, 'clipped to the picture');

    // The crop shows the face that the box is about.
    const face = only((await detect(server, image, { fields: 'crop,embedding', crop_margin: 0.5 })).faces);
    const again = facesOf(await post(server, '/embed', Buffer.from(face.crop?.base64 ?? '', 'base64')));
    assert.ok(cosine(embeddingOf(face), embeddingOf(only(again.faces))) > 0.9);
  });

  it('gives the same embedding as an array and as base64', async () => {
    const image = portrait('stock-emotions-a-1');
    const array = only(facesOf(await post(server, '/embed', image)).faces).embedding;
    const base64 = only(facesOf(await post(server, '/embed', image, { embedding_format: 'base64' })).faces).embedding;
    assert.equal(array?.space, 'omz-0095');
    assert.equal(array?.dim, 256);
    assert.equal(array?.base64, undefined);
    assert.equal(base64?.array, undefined);
    const bytes = Buffer.from(base64?.base64 ?? '', 'base64');
    assert.equal(bytes.length, 256 * 4);
    assert.deepEqual(
      array?.array?.map((value) => Math.fround(value)),
      Array.from({ length: 256 }, (_, i) => bytes.readFloatLE(i * 4)),
    );
  });

  it('verifies the same persons and no others, whichever picture comes first', async () => {
    // Every two in one order; in the other as well those of one person, and each with the next.
    const pairs = PORTRAITS.flatMap((a, i) =>
      PORTRAITS.flatMap((b, j) => (i < j || (i > j && (samePerson(a, b) || i === j + 1)) ? [[a, b] as const] : [])),
    );
    const images = new Map(PORTRAITS.map((name) => [name, portrait(name)]));
    const cosines = new Map<string, number>();
    const ask = async ([a, b]: readonly [string, string]) => {
      const source_image = images.get(a) as Buffer;
      return {
        a,
        b,
        answer: await postForm(server, '/verify', { source_image, target_image: images.get(b) as Buffer }),
      };
    };
    for await (const { a, b, answer } of mapLimit(pairs, 4, ask)) {
      const { match, cosine: cos, threshold, similarity } = verifyOf(answer);
      const facts = `${a} and ${b}: cosine ${cos}`;
      assert.equal(threshold, 0.427);
      assert.equal(match, samePerson(a, b), facts);
      assert.ok(samePerson(a, b) ? cos > 0.43 : cos < 0.35, facts);
      assert.equal(similarity >= 0.5, match, facts);
      cosines.set(`${a} ${b}`, cos);
    }
    const turned = pairs.filter(([a, b]) => cosines.has(`${b} ${a}`));
    assert.deepEqual([pairs.length, turned.length, cosines.size], [79, 26, 79]);
    for (const [a, b] of turned) assert.equal(cosines.get(`${a} ${b}`), cosines.get(`${b} ${a}`), 'symmetric');
  });

  it('verifies a picture against itself', async () => {
    const image = portrait('person-nicole');
    const answer = verifyOf(await postForm(server, '/verify', { source_image: image, target_image: image }));
    assert.ok(answer.cosine > 0.9999 && answer.match && answer.similarity > 0.98);
    const strict = verifyOf(
      await postForm(
        server,
        '/verify',
        { source_image: portrait('person-vlado'), target_image: portrait('person-vlado1') },
        {
          match_threshold: 0.99,
        },
      ),
    );
    assert.deepEqual([strict.match, strict.threshold], [false, 0.99]);
  });

  it('refuses spoofs and accepts the live face', async () => {
    const largest = async (name: string) => {
      const image = picture(`liveness/${name}`);
      const face = facesOf(await post(server, '/liveness', image)).faces[0];
      return { image, verdict: face?.liveness };
    };
    for (const name of ['minivision_image_F1.jpg', 'minivision_image_F2.jpg', 'lunasdk_spoof.jpg']) {
      const { image, verdict } = await largest(name);
      assert.equal(verdict?.label, 'spoof', name);
      assert.ok((verdict?.score ?? 1) < 0.1, `${name}: ${verdict?.score}`);
      const query = { liveness_policy: 'require' };
      problemOf(await post(server, '/recognize', image, query), 'spoof_detected');
      const param = (await post(server, '/recognize', image, query)).body;
      assert.ok(!JSON.stringify(param).includes('embedding'), 'nothing of the face is told');
      const files = { source_image: portrait('person-vlado'), target_image: image };
      assert.equal(problemOf(await postForm(server, '/verify', files, query), 'spoof_detected').param, 'target_image');
    }
    const { image, verdict } = await largest('minivision_image_T1.jpg');
    assert.equal(verdict?.label, 'live');
    assert.ok((verdict?.score ?? 0) > 0.9);
    const { faces } = facesOf(await post(server, '/recognize', image, { liveness_policy: 'require' }));
    assert.equal(only(faces).liveness?.label, 'live');
  });

  it('is closed when in doubt: a face out of distribution never matches', async () => {
    const drawn = picture('anime/cheese_demo.jpg');
    const face = only(facesOf(await post(server, '/recognize', drawn)).faces);
    assert.equal(face.ood?.accepted, false);
    assert.equal(face.identity, null);
    assert.deepEqual(face.quality?.reasons, ['low_quality', 'out_of_distribution']);
    const itself = verifyOf(await postForm(server, '/verify', { source_image: drawn, target_image: drawn }));
    assert.ok(itself.cosine > 0.9999);
    assert.equal(itself.match, false);
    problemOf(await post(server, '/recognize', drawn, { ood_policy: 'require' }), 'ood_rejected');
  });

  it('says which picture has no face', async () => {
    const files = { source_image: portrait('person-vlado'), target_image: picture('photos/background.jpg') };
    assert.equal(problemOf(await postForm(server, '/verify', files), 'no_face').param, 'target_image');
  });

  it('turns a picture upright by its EXIF orientation', async () => {
    const upright = portrait('person-vlado');
    const { data, info } = await sharp(upright).raw().toBuffer({ resolveWithObject: true });
    const expected = only(facesOf(await post(server, '/embed', upright)).faces);
    const { width, height } = info;
    /** What a camera that is held so stores, for each orientation that tells how to turn it back. */
    const stored: Record<number, (image: Sharp) => Sharp> = {
      1: (s) => s,
      2: (s) => s.flop(),
      3: (s) => s.rotate(180),
      4: (s) => s.flip(),
      // sharp turns before it mirrors, whatever the order of the calls.
      5: (s) => s.rotate(270).flop(),
      6: (s) => s.rotate(270),
      7: (s) => s.rotate(90).flop(),
      8: (s) => s.rotate(90),
    };
    for (const [orientation, turn] of Object.entries(stored)) {
      const raw = { width, height, channels: 3 } as const;
      const jpeg = await turn(sharp(data, { raw }))
        .jpeg({ quality: 98 })
        .withMetadata({ orientation: Number(orientation) })
        .toBuffer();
      const answer = facesOf(await post(server, '/embed', jpeg));
      const where = `orientation ${orientation}`;
      assert.deepEqual([answer.image.width, answer.image.height], [width, height], where);
      assert.equal(answer.image.orientation_applied, orientation !== '1', where);
      const face = only(answer.faces);
      assert.ok(iou(face.box, expected.box) > 0.9, where);
      assert.ok(cosine(embeddingOf(face), embeddingOf(expected)) > 0.95, where);
    }
  });

  it('reads PNG, WebP, TIFF, GIF and AVIF like the JPEG', async () => {
    const jpeg = portrait('stock-emotions-b-2');
    const expected = only(facesOf(await post(server, '/embed', jpeg)).faces);
    const formats = {
      png: sharp(jpeg).png({ compressionLevel: 1 }),
      webp: sharp(jpeg).webp({ quality: 90 }),
      tiff: sharp(jpeg).tiff({ compression: 'lzw' }),
      gif: sharp(jpeg).gif(),
      avif: sharp(jpeg).resize(512).avif({ quality: 80, effort: 0 }),
    };
    for (const [format, made] of Object.entries(formats)) {
      const answer = facesOf(await post(server, '/embed', await made.toBuffer()));
      assert.equal(answer.image.format, format);
      const face = only(answer.faces);
      const cos = cosine(embeddingOf(face), embeddingOf(expected));
      assert.ok(cos > 0.95, `${format}: cosine ${cos}`);
    }
  });

  it('names the option that is wrong', async () => {
    const image = portrait('person-vlado');
    const param = async (code: 'invalid_argument' | 'unknown_option', query: Record<string, string>) =>
      problemOf(await post(server, '/recognize', image, query), code).param;
    assert.equal(await param('unknown_option', { colour: '1' }), 'colour');
    assert.equal(await param('invalid_argument', { det_threshold: '2' }), 'det_threshold');
    assert.equal(await param('invalid_argument', { fields: 'age' }), 'fields');
    assert.equal(await param('invalid_argument', { match_threshold: '0.01' }), 'match_threshold');
    assert.equal(await param('invalid_argument', { detector: 'recognizer' }), 'detector');
    problemOf(await post(server, '/recognize', image, { collection: 'nobody' }), 'not_found');
  });
});
