import assert from 'node:assert/strict';
import test from 'node:test';
import type { FaceField } from '../../src/contract/options.ts';
import { faceSchema } from '../../src/contract/results.ts';
import { livenessOf, oodOf, qualityOf, qualityScore, tellFace } from '../../src/pipeline/face-record.ts';
import type { FaceRecord } from '../../src/pipeline/face-record.ts';
import { LIVENESS, RECOGNIZER } from '../fixtures/pipeline.ts';

const WORSE = {
  ...RECOGNIZER,
  recognizer: {
    ...RECOGNIZER.recognizer,
    quality: { usable: 0.45, accepted: 0.25, raw_direction: 'higher_is_worse' as const },
  },
};

test('a score is 0..1 and higher is better, whichever way the model counts', () => {
  const up = [-3, 0, 0.3, 1, 9].map((raw) => qualityScore(raw, RECOGNIZER));
  assert.deepEqual(up, [0, 0, 0.3, 1, 1]);
  const down = [-3, 0, 1, 3, Number.POSITIVE_INFINITY].map((raw) => qualityScore(raw, WORSE));
  assert.deepEqual(down, [1, 1, 0.5, 0.25, 0]);
});

test('closed when in doubt: what is no number is as bad as can be, in both directions', () => {
  for (const manifest of [RECOGNIZER, WORSE]) {
    assert.equal(oodOf(Number.NaN, manifest).accepted, false);
    assert.deepEqual(qualityOf(Number.NaN, manifest), {
      score: 0,
      usable: false,
      reasons: ['low_quality', 'out_of_distribution'],
    });
  }
  assert.equal(livenessOf({ score: Number.NaN, opinions: [] }, LIVENESS).label, 'spoof');
});

test('thresholds are met at their value', () => {
  assert.deepEqual(qualityOf(0.45, RECOGNIZER), { score: 0.45, usable: true, reasons: [] });
  assert.deepEqual(qualityOf(0.4499, RECOGNIZER).reasons, ['low_quality']);
  assert.equal(oodOf(0.25, RECOGNIZER).accepted, true);
  assert.equal(oodOf(0.2499, RECOGNIZER).accepted, false);
  assert.equal(livenessOf({ score: 0.5, opinions: [] }, LIVENESS).label, 'live');
  assert.equal(livenessOf({ score: 0.4999, opinions: [] }, LIVENESS).label, 'spoof');
});

test('a face that is out of distribution is never usable, whatever the thresholds are', () => {
  const quality = { ...RECOGNIZER.recognizer.quality, usable: 0.1, accepted: 0.5 };
  const odd = { ...RECOGNIZER, recognizer: { ...RECOGNIZER.recognizer, quality } };
  assert.deepEqual(qualityOf(0.3, odd), { score: 0.3, usable: false, reasons: ['out_of_distribution'] });
});

test('scores near the liveness threshold are unsure, where the manifest says so', () => {
  const banded = { ...LIVENESS, liveness: { ...LIVENESS.liveness, unsure_band: 0.1 } };
  const label = (score: number): string => livenessOf({ score, opinions: [] }, banded).label;
  assert.deepEqual([0.39, 0.41, 0.5, 0.59, 0.61].map(label), ['spoof', 'unsure', 'unsure', 'unsure', 'live']);
});

const FACE: FaceRecord = {
  box: { x_min: 1.26, y_min: -2.04, x_max: 30, y_max: 40.01 },
  score: 0.123456,
  landmarks: [
    [1.11, 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [9, 10],
  ],
  quality: 0.9,
  embedding: Float32Array.of(0.6, -0.8),
  liveness: { score: 0.7, opinions: [{ model: 'second', score: 0.4 }] },
  jpeg: Uint8Array.of(0xff, 0xd8),
};
const TELLERS = { recognizer: RECOGNIZER, liveness: LIVENESS };
const tell = (...fields: FaceField[]) => tellFace(FACE, new Set(fields), TELLERS, undefined);

test('a face is told in tenths of a pixel, with the parts that were asked for and no other', () => {
  assert.deepEqual(tell(), { box: { x_min: 1.3, y_min: -2, x_max: 30, y_max: 40 }, det_score: 0.1235 });
  for (const field of ['landmarks', 'quality', 'ood', 'liveness', 'embedding', 'crop'] as const) {
    assert.deepEqual(Object.keys(tell(field)), ['box', 'det_score', field]);
    faceSchema.parse(tell(field));
  }
  assert.deepEqual(tell('landmarks').landmarks?.[0], [1.1, 2]);
  assert.deepEqual(tell('liveness').liveness?.opinions, [{ model: 'second', score: 0.4, label: 'spoof' }]);
});

test('what no model said is left out, not made up', () => {
  const bare: FaceRecord = { box: FACE.box, score: 1, landmarks: null };
  const all = new Set<FaceField>(['landmarks', 'quality', 'ood', 'liveness', 'embedding', 'crop']);
  assert.deepEqual(Object.keys(tellFace(bare, all, TELLERS, undefined)), ['box', 'det_score', 'landmarks']);
  const noTellers = tellFace(FACE, all, { recognizer: null, liveness: null }, undefined);
  assert.deepEqual(Object.keys(noTellers), ['box', 'det_score', 'landmarks', 'crop']);
});

test('an embedding is told bit by bit, as an array or as little-endian floats', () => {
  const array = tellFace(FACE, new Set(['embedding']), TELLERS, 'array').embedding;
  assert.deepEqual(array, { space: 'test-space', dim: 2, array: [Math.fround(0.6), Math.fround(-0.8)] });
  const { base64 } = tellFace(FACE, new Set(['embedding']), TELLERS, 'base64').embedding ?? {};
  const bytes = Buffer.from(base64 ?? '', 'base64');
  assert.deepEqual(
    [bytes.length, bytes.readFloatLE(0), bytes.readFloatLE(4)],
    [8, Math.fround(0.6), Math.fround(-0.8)],
  );
});
