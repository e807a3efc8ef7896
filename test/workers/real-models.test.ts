/** The default pack on real photographs: the recipe of imaging in a few lines, then the models and their decoders. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { DetectedFace } from '../../src/contract/geometry.ts';
import type { InferOutput } from '../../src/contract/protocol.ts';
import { loadGolden } from '../../src/models/golden.ts';
import { loadManifest } from '../../src/models/manifest-file.ts';
import { cosine } from '../../workers/math/vector.ts';
import { cropBytes, cropFace } from '../../workers/imaging/crop-face.ts';
import { toRaster } from '../../workers/imaging/raster.ts';
import type { Raster } from '../../workers/imaging/raster.ts';
import { loadModel } from '../../workers/model.ts';
import type { Model } from '../../workers/model.ts';
import { importGraph } from '../../workers/onnx/import-graph.ts';
import { openSession } from '../../workers/session.ts';
import { SHARED_EVAL, SHARED_MODELS, skipWithoutModels } from '../fixtures/shared.ts';

const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));

async function load(version: string, dir: string): Promise<Model> {
  const manifest = await loadManifest(path.join(MODELS, version));
  const golden = await loadGolden(path.join(MODELS, version), manifest);
  const graphPaths: Record<string, string> = {};
  for (const graph of manifest.graphs) {
    const target = path.join(dir, `${graph.id}.onnx`);
    await importGraph({ source: path.join(SHARED_MODELS, 'default', graph.file), target, graph });
    graphPaths[graph.id] = target;
  }
  const params = { manifest, golden, graphPaths, device: 'cpu', threads: 1 };
  return loadModel(params, { open: openSession, now: () => performance.now(), onPhase: () => {} });
}

async function picture(file: string): Promise<Raster> {
  const { data, info } = await sharp(path.join(SHARED_EVAL, file), { autoOrient: true })
    .resize(640, 640, { fit: 'inside', kernel: 'linear', withoutEnlargement: true })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return toRaster(data, info.width, info.height, 32);
}

describe('the default pack on photographs', { skip: skipWithoutModels }, () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'facepool-test-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  let detector: Model;
  let recognizer: Model;
  let liveness: Model;

  before(async () => {
    detector = await load('detector/yunet-n', dir);
    recognizer = await load('recognizer/omz-0095', dir);
    liveness = await load('liveness/facenox-98.20', dir);
  });

  async function detect(raster: Raster): Promise<readonly DetectedFace[]> {
    const { width, height, paddedWidth, paddedHeight, data } = raster;
    const params = {
      ticket: 1,
      parts: [{ graph: 'yunet', shape: [1, paddedHeight, paddedWidth, 3], count: 1 }],
      detect: { width, height, scoreThreshold: 0.6 },
    } as const;
    detector.check(params);
    const output = await detector.infer(params, [new Uint8Array(data)]);
    assert.ok(output.role === 'detector');
    return output.faces;
  }

  /** The largest face of a picture through every graph of a model. */
  async function judge(model: Model, file: string): Promise<InferOutput> {
    const raster = await picture(file);
    const area = ({ box }: DetectedFace): number => (box.x_max - box.x_min) * (box.y_max - box.y_min);
    const [face] = [...(await detect(raster))].sort((a, b) => area(b) - area(a));
    assert.ok(face, `a face in ${file}`);
    const tensors: Uint8Array[] = [];
    const parts = model.manifest.graphs.map(({ id, crop }) => {
      assert.ok(crop);
      const out = new Uint8Array(cropBytes(crop));
      cropFace(raster, face, crop, out);
      tensors.push(out);
      return { graph: id, shape: [1, crop.size, crop.size, 3], count: 1 } as const;
    });
    model.check({ ticket: 1, parts });
    return model.infer({ ticket: 1, parts }, tensors);
  }

  test('every golden probe passes', async () => {
    for (const model of [detector, recognizer, liveness]) {
      const { passed, minCosine, detail } = model.loaded.golden;
      assert.ok(passed && minCosine > 0.99999, `${model.manifest.name}: ${minCosine} ${detail}`);
      assert.equal((await model.probe()).passed, true);
    }
  });

  test('29 faces in solvay1927, none in the background', async () => {
    const solvay = await picture('photos/solvay1927.jpg');
    const faces = await detect(solvay);
    assert.equal(faces.length, 29);
    for (const { box, score, landmarks } of faces) {
      assert.ok(score >= 0.6 && score <= 1);
      assert.ok(box.x_min >= 0 && box.y_min >= 0 && box.x_max <= solvay.width && box.y_max <= solvay.height);
      const [left, right, nose, mouthLeft] = landmarks ?? [];
      assert.ok(left && right && nose && mouthLeft);
      assert.ok(left[0] < right[0] && left[1] < mouthLeft[1], 'eyes left and right, the mouth below');
    }
    const scores = faces.map((face) => face.score);
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => b - a),
    );
    assert.deepEqual(await detect(await picture('photos/background.jpg')), []);
  });

  test('one person is like himself and unlike another; clear faces have quality', async () => {
    const embed = async (name: string): Promise<Float32Array> => {
      const output = await judge(recognizer, `photos/person-${name}.jpg`);
      assert.ok(output.role === 'recognizer');
      assert.equal(output.embeddings.length, 256);
      assert.ok((output.norms[0] ?? 0) > 0);
      assert.ok((output.quality?.[0] ?? 0) > 0.45, `quality of ${name}: ${output.quality?.[0]}`);
      return output.embeddings;
    };
    const [a, b, other] = [await embed('vlado'), await embed('vlado1'), await embed('nicole')];
    assert.ok(cosine(a, b) > 0.504, `same: ${cosine(a, b)}`);
    assert.ok(cosine(a, other) < 0.341, `other: ${cosine(a, other)}`);
  });

  test('real is live and spoofs are not, with two further opinions', async () => {
    const score = async (name: string): Promise<number> => {
      const output = await judge(liveness, `liveness/${name}.jpg`);
      assert.ok(output.role === 'liveness');
      assert.deepEqual(
        output.opinions.map((opinion) => opinion.graph),
        ['minifasnet-v2', 'minifasnet-v1se'],
      );
      for (const { scores } of output.opinions) assert.ok((scores[0] ?? -1) >= 0 && (scores[0] ?? 2) <= 1);
      return output.scores[0] ?? -1;
    };
    assert.ok((await score('minivision_image_T1')) >= 0.5);
    for (const spoof of ['minivision_image_F1', 'minivision_image_F2', 'lunasdk_spoof']) {
      assert.ok((await score(spoof)) < 0.5, spoof);
    }
  });
});
