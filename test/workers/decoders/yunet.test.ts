import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DetectedFace } from '../../../src/contract/geometry.ts';
import type { GraphRun } from '../../../workers/decoders/decoder.ts';
import { yunet } from '../../../workers/decoders/yunet.ts';
import type { FloatTensor } from '../../../workers/session.ts';
import { detectorManifest, graphOf } from '../../fixtures/manifests.ts';

const manifest = detectorManifest();
const CHANNELS = { cls: 1, obj: 1, bbox: 4, kps: 10 } as const;

type Cell = {
  readonly stride: number;
  readonly column: number;
  readonly row: number;
  readonly cls: number;
  readonly obj: number;
  readonly bbox?: readonly [number, number, number, number];
  readonly kps?: readonly number[];
};

/** Outputs for a width × height input that are zero but for the given cells. */
function outputs(width: number, height: number, cells: readonly Cell[]): Record<string, FloatTensor> {
  const out: Record<string, FloatTensor> = {};
  for (const stride of [8, 16, 32]) {
    const count = (width / stride) * (height / stride);
    for (const [kind, channels] of Object.entries(CHANNELS)) {
      out[`${kind}_${stride}`] = { dims: [1, count, channels], data: new Float32Array(count * channels) };
    }
  }
  for (const { stride, column, row, cls, obj, bbox, kps } of cells) {
    const at = row * (width / stride) + column;
    out[`cls_${stride}`]?.data.set([cls], at);
    out[`obj_${stride}`]?.data.set([obj], at);
    out[`bbox_${stride}`]?.data.set(bbox ?? [0, 0, 0, 0], at * 4);
    out[`kps_${stride}`]?.data.set(kps ?? Array.from({ length: 10 }, () => 0), at * 10);
  }
  return out;
}

function run(width: number, height: number, tensors: Record<string, FloatTensor>): GraphRun {
  return { graph: graphOf(manifest, 'yunet'), shape: [1, height, width, 3], count: 1, outputs: tensors };
}

function detect(
  cells: readonly Cell[],
  options: { scoreThreshold?: number; width?: number; height?: number; landmarks?: 'five' | 'none' } = {},
): readonly DetectedFace[] {
  const decode = yunet(detectorManifest(options.landmarks));
  const { width = 96, height = 64, scoreThreshold = 0.5 } = options;
  const answer = decode([run(96, 64, outputs(96, 64, cells))], { width, height, scoreThreshold });
  assert.equal(answer.role, 'detector');
  return answer.role === 'detector' ? answer.faces : [];
}

test('one cell becomes the box, score and landmarks of the formula', () => {
  const kps = [0, 0, 1, 0, 0.5, 0.5, -10, 1, 1, 1];
  const faces = detect([{ stride: 16, column: 2, row: 1, cls: 0.9, obj: 0.4, bbox: [0.5, 0.25, Math.log(2), 0], kps }]);
  assert.equal(faces.length, 1);
  const face = faces[0];
  assert.ok(face);
  // centre (2.5·16, 1.25·16) = (40, 20), size (2·16, 1·16)
  for (const [got, want] of [
    [face.box.x_min, 24],
    [face.box.y_min, 12],
    [face.box.x_max, 56],
    [face.box.y_max, 28],
    [face.score, 0.6],
  ] as const) {
    assert.ok(Math.abs(got - want) < 1e-5, `${got} is not ${want}`);
  }
  // The fourth lies outside the picture and stays there.
  assert.deepEqual(face.landmarks, [
    [32, 16],
    [48, 16],
    [40, 24],
    [-128, 32],
    [48, 32],
  ]);
});

test('cells are counted row by row, at every stride', () => {
  for (const stride of [8, 16, 32]) {
    const [face] = detect([{ stride, column: 1, row: 1, cls: 1, obj: 1, bbox: [0.5, 0.5, 0, 0] }]);
    assert.deepEqual(face?.box, { x_min: stride, y_min: stride, x_max: 2 * stride, y_max: 2 * stride });
  }
});

test('scores are clamped before they are multiplied', () => {
  const at = { stride: 8, column: 4, row: 4 } as const;
  assert.equal(detect([{ ...at, cls: 1.7, obj: 1.5 }])[0]?.score, 1);
  assert.equal(detect([{ ...at, cls: -1, obj: -1 }]).length, 0);
  // 2 · 0.2 = 0.4, but 1 · 0.2 = 0.2 = 0.447²
  assert.equal(detect([{ ...at, cls: 2, obj: 0.2 }], { scoreThreshold: 0.5 }).length, 0);
  assert.equal(detect([{ ...at, cls: 2, obj: 0.2 }], { scoreThreshold: 0.4 }).length, 1);
});

test('a score at the threshold counts; a score of 0 never does', () => {
  const cell = { stride: 8, column: 4, row: 4, cls: 0.25, obj: 1 } as const;
  assert.equal(detect([cell], { scoreThreshold: 0.5 }).length, 1);
  assert.equal(detect([cell], { scoreThreshold: 0.5001 }).length, 0);
  assert.equal(detect([cell], { scoreThreshold: 0 }).length, 1);
});

test('faces come best first, overlapping ones only once', () => {
  const faces = detect([
    { stride: 32, column: 0, row: 0, cls: 0.49, obj: 1, bbox: [0.5, 0.5, 0, 0] },
    { stride: 32, column: 0, row: 0, cls: 0.49, obj: 1, bbox: [0.5, 0.5, 0, 0] },
    { stride: 8, column: 1, row: 1, cls: 0.64, obj: 1, bbox: [1, 1, Math.log(4), Math.log(4)] },
    { stride: 32, column: 2, row: 1, cls: 0.81, obj: 1, bbox: [0.5, 0.5, 0, 0] },
  ]);
  assert.deepEqual(
    faces.map((face) => Math.round(face.score * 100) / 100),
    [0.9, 0.8],
  );
});

test('boxes are clipped to the picture area, those wholly in the padding are dropped', () => {
  const cells: Cell[] = [
    { stride: 32, column: 0, row: 0, cls: 0.9, obj: 1, bbox: [0, 0, 0, 0] },
    { stride: 32, column: 2, row: 1, cls: 0.9, obj: 1, bbox: [0.5, 0.5, 0, 0] },
  ];
  const faces = detect(cells, { width: 60, height: 64 });
  assert.deepEqual(
    faces.map((face) => face.box),
    [{ x_min: 0, y_min: 0, x_max: 16, y_max: 16 }],
  );
  assert.deepEqual(detect(cells, { width: 70, height: 40 })[1]?.box, { x_min: 64, y_min: 32, x_max: 70, y_max: 40 });
});

test('a detector without landmarks gives null', () => {
  const faces = detect([{ stride: 8, column: 4, row: 4, cls: 1, obj: 1 }], { landmarks: 'none' });
  assert.equal(faces[0]?.landmarks, null);
});

test('what the graph must not give is model_failed', () => {
  const decode = yunet(manifest);
  const area = { width: 96, height: 64, scoreThreshold: 0.5 };
  const broken = (change: (tensors: Record<string, FloatTensor>) => void): (() => unknown) => {
    const tensors = outputs(96, 64, [{ stride: 8, column: 4, row: 4, cls: 1, obj: 1 }]);
    change(tensors);
    return () => decode([run(96, 64, tensors)], area);
  };
  const at = 4 * 12 + 4;
  const cases: Record<string, (tensors: Record<string, FloatTensor>) => void> = {
    'NaN in a score that no face uses': (t) => t.cls_32?.data.fill(Number.NaN, 0, 1),
    'infinity in a score': (t) => t.obj_16?.data.fill(Infinity, 0, 1),
    'NaN in a box': (t) => t.bbox_8?.data.fill(Number.NaN, at * 4, at * 4 + 1),
    'a size that overflows': (t) => t.bbox_8?.data.fill(1e4, at * 4 + 2, at * 4 + 3),
    'NaN in a landmark': (t) => t.kps_8?.data.fill(Number.NaN, at * 10 + 9, at * 10 + 10),
    'a missing output': (t) => delete t.kps_32,
    'an output of another size': (t) => (t.cls_8 = { dims: [1, 95, 1], data: new Float32Array(95) }),
  };
  for (const [name, change] of Object.entries(cases)) {
    assert.throws(broken(change), { code: 'model_failed' }, name);
  }
});

test('a threshold of 0 on noise stays bounded', () => {
  const size = 640;
  const tensors = outputs(size, size, []);
  for (const [name, tensor] of Object.entries(tensors)) {
    if (/cls|obj/.test(name)) tensor.data.forEach((_, i, data) => (data[i] = ((i * 7919) % 1000) / 1000));
  }
  const decode = yunet(manifest);
  const answer = decode([run(size, size, tensors)], { width: size, height: size, scoreThreshold: 0 });
  assert.ok(answer.role === 'detector' && answer.faces.length > 0 && answer.faces.length <= 2000);
});

test('a manifest of another role is refused', async () => {
  const { recognizerManifest } = await import('../../fixtures/manifests.ts');
  assert.throws(() => yunet(recognizerManifest()), { code: 'model_failed' });
});
