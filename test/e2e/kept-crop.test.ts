/** The crop that is kept of an enrolled face, embedded anew as a change of the recognizer does it: without detection. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { FiveLandmarks, Point } from '../../src/contract/geometry.ts';
import type { CropSpec } from '../../src/contract/manifest.ts';
import type { NewFace } from '../../src/contract/people.ts';
import { type RoutedRecognizer, modelOf } from '../../src/pipeline/deps.ts';
import { describeFaces } from '../../src/pipeline/describe-faces.ts';
import { enrol } from '../../src/pipeline/enrol.ts';
import type { FaceRecord } from '../../src/pipeline/face-record.ts';
import { Timings } from '../../src/pipeline/timings.ts';
import { fitSimilarity, invert, templatePoints } from '../../workers/imaging/align.ts';
import { cosine } from '../../workers/math/vector.ts';
import { type RealPipeline, realPipeline } from './support/real-pipeline.ts';
import { picture, pictures, skip } from './support/shared.ts';

/** As EdgeFace, ArcFace and most others take it: the widest template that is in use. */
const ARCFACE: readonly [number, number][] = [
  [38.2946 / 112, 51.6963 / 112],
  [73.5318 / 112, 51.5014 / 112],
  [56.0252 / 112, 71.7366 / 112],
  [41.5493 / 112, 92.3655 / 112],
  [70.7299 / 112, 92.2041 / 112],
];
const LENIENT = {
  several_faces: 'largest',
  min_face_size: 0,
  ood: 'report',
  liveness: 'off',
  similar: 'report',
} as const;

type Aligned = Extract<CropSpec, { kind: 'aligned' }>;

type Enrolled = {
  readonly name: string;
  readonly face: NewFace;
  readonly crop: NonNullable<NewFace['crop']>;
  readonly width: number;
  readonly height: number;
};

describe('a kept crop', { skip }, () => {
  let server: RealPipeline;
  let recognizer: RoutedRecognizer;
  const enrolled: Enrolled[] = [];
  const signal = AbortSignal.timeout(120_000);

  before(async () => {
    server = await realPipeline({ store_images: 'crops', enrol: LENIENT });
    recognizer = modelOf(server.deps, 'recognizer', 'recognizer');
    const photos = pictures('photos').filter((name) => name !== 'photos/background.jpg');
    const tilted = async (name: string, degrees: number) => {
      const image = await sharp(picture(name)).rotate(degrees, { background: '#777' }).jpeg().toBuffer();
      return [`${name} by ${degrees}°`, image] as const;
    };
    for (const [name, image] of [
      ...[...photos, 'awkward/small_image.jpg', 'awkward/large_image.jpg', 'awkward/fisheye.jpg'].map(
        (name) => [name, picture(name)] as const,
      ),
      await tilted('photos/person-vlado.jpg', 30),
      await tilted('photos/person-nicole.jpg', -30),
      await tilted('photos/one_face.jpg', 20),
    ]) {
      const asked = {
        requestId: name,
        image,
        options: {},
        signal,
        collection: 'default',
        subject: name,
        canName: true,
      };
      const { image: told } = await enrol(server.deps, asked);
      const face = server.gallery.faces.at(-1);
      assert.ok(face?.crop && told, name);
      enrolled.push({ name, face, crop: face.crop, width: told.width, height: told.height });
    }
    assert.ok(enrolled.length >= 20);
  });
  after(() => server?.stop());

  const open = async (jpeg: Uint8Array) => {
    const geometry = { fit: 640, multipleOf: 32, maxPixels: 1e8 };
    return (await server.deps.imaging.open({ bytes: jpeg, geometry, signal, charges: { count: 0 } })).value;
  };

  it('is a JPEG of the face with its surroundings, at most 512 a side, with five landmarks in it', async () => {
    for (const { name, crop, face } of enrolled) {
      const frame = await open(crop.jpeg);
      frame.close();
      assert.equal(frame.format, 'jpeg', name);
      assert.ok(Math.max(frame.width, frame.height) <= 512, `${name}: ${frame.width}×${frame.height}`);
      assert.equal(crop.landmarks.length, 5);
      assert.ok(
        crop.landmarks.every(([x, y]) => x > 0 && y > 0 && x < frame.width && y < frame.height),
        name,
      );
      assert.ok(crop.jpeg.length < 200_000 && face.original === null, name);
    }
  });

  it('gives the embedding of the picture again, by its landmarks alone', async () => {
    const cosines: [string, number][] = [];
    for (const { name, crop, face } of enrolled) {
      const frame = await open(crop.jpeg);
      const box = { x_min: 0, y_min: 0, x_max: frame.width, y_max: frame.height };
      const [a, b, c, d, e] = crop.landmarks;
      assert.ok(a && b && c && d && e);
      const record: FaceRecord = { box, score: 1, landmarks: [a, b, c, d, e] };
      const needs = { quality: false, embedding: true, liveness: false, jpeg: false };
      const timings = new Timings(server.deps.clock);
      await describeFaces(server.deps, frame, [record], recognizer, null, needs, signal, timings);
      frame.close();
      const own = face.embeddings.get('omz-0095');
      assert.ok(record.embedding && own);
      cosines.push([name, cosine(record.embedding, own)]);
    }
    const worst = cosines.toSorted((x, y) => x[1] - y[1])[0];
    assert.ok((worst?.[1] ?? 0) >= 0.98, `worst: ${worst?.join(' ')}`);
  });

  it('holds all that the alignment of any recognizer needs, or the picture ends there', async () => {
    const graphs = recognizer.manifest.graphs.flatMap(({ crop }) => (crop?.kind === 'aligned' ? [crop] : []));
    const arcface: Aligned = { kind: 'aligned', size: 112, landmarks: 'five', template: [...ARCFACE], border: 'zero' };
    for (const spec of [...graphs, arcface]) {
      for (const one of enrolled) {
        const frame = await open(one.crop.jpeg);
        frame.close();
        const outside = corners(one.crop.landmarks, spec).filter(([x, y]) => {
          const beyond = { left: x < -2, top: y < -2, right: x > frame.width + 2, bottom: y > frame.height + 2 };
          const sides = (Object.keys(beyond) as (keyof typeof beyond)[]).filter((side) => beyond[side]);
          // What is not in the picture cannot be in the crop.
          return sides.length > 0 && !sides.some((side) => endsOf(one)[side]);
        });
        assert.deepEqual(outside, [], `${one.name}, ${spec.size}`);
      }
    }
  });
});

/** Where the corners of an aligned crop are in the picture that the landmarks are of. */
function corners(landmarks: readonly Point[], spec: Aligned): Point[] {
  const template = spec.template.map(([x, y]): Point => [x * spec.size, y * spec.size]);
  const transform = fitSimilarity(templatePoints(landmarks as FiveLandmarks, spec.landmarks), template);
  assert.ok(transform);
  const { a, b, tx, ty } = invert(transform);
  const all: Point[] = [
    [0, 0],
    [spec.size, 0],
    [0, spec.size],
    [spec.size, spec.size],
  ];
  return all.map(([x, y]) => [a * x - b * y + tx, b * x + a * y + ty]);
}

/** On which sides the crop ends because the picture does. */
function endsOf({ face, width, height }: Enrolled) {
  const box = face.box;
  assert.ok(box);
  const [w, h] = [box.x_max - box.x_min, box.y_max - box.y_min];
  return {
    left: box.x_min - w / 2 < 1,
    top: box.y_min - h / 2 < 1,
    right: box.x_max + w / 2 > width - 1,
    bottom: box.y_max + h / 2 > height - 1,
  };
}
