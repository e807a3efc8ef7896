import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerFault } from '../../src/router/broken-answer.ts';
import { detectorManifest, livenessManifest, recognizerManifest } from '../fixtures/manifests.ts';

const floats = (...values: number[]) => Float32Array.from(values);
const answer = (output: unknown) => ({ output, computeMs: 1, waitMs: 0 });
const part = (graph: string, count: number) => ({ graph, shape: [count, 8, 8, 3] as const, count });

const box = { x_min: 0, y_min: 0, x_max: 2, y_max: 2 };
const points = [0, 1, 2, 3, 4].map((n) => [n, n]);
const face = { score: 0.9, box, landmarks: points };

test('a detector: faces with finite boxes, scores of 0 to 1, five points or none', () => {
  const manifest = detectorManifest();
  const parts = [part('yunet', 1)];
  const fault = (faces: unknown) => answerFault(answer({ role: 'detector', faces }), parts, manifest);
  assert.equal(fault([]), null);
  assert.equal(fault([face, { ...face, landmarks: null }]), null);
  for (const faces of [
    undefined,
    'none',
    [null],
    [{ ...face, score: 1.1 }],
    [{ ...face, score: Number.NaN }],
    [{ ...face, box: null }],
    [{ ...face, box: { ...box, x_max: Number.POSITIVE_INFINITY } }],
    [{ ...face, landmarks: points.slice(1) }],
    [{ ...face, landmarks: [...points.slice(1), [0, Number.NaN]] }],
    [{ ...face, landmarks: undefined }],
  ]) {
    assert.equal(fault(faces), 'its faces are none');
  }
});

test('a recognizer: one embedding, norm and quality for each face that was sent', () => {
  const manifest = recognizerManifest();
  const parts = [part('embedding', 2), part('quality', 2)];
  const good = { role: 'recognizer', embeddings: floats(1, 0, 0, 0, 1, 0), norms: floats(1, 1), quality: floats(1, 0) };
  const fault = (change: object) => answerFault(answer({ ...good, ...change }), parts, manifest);
  assert.equal(fault({}), null);
  assert.equal(fault({ quality: null }), null);
  assert.match(fault({ embeddings: floats(1, 0, 0) }) ?? '', /embeddings/);
  assert.match(fault({ embeddings: floats(1, 0, 0, 0, Number.NaN, 0) }) ?? '', /embeddings/);
  assert.match(fault({ embeddings: [1, 0, 0, 0, 1, 0] }) ?? '', /embeddings/);
  assert.match(fault({ norms: floats(1) }) ?? '', /norms/);
  assert.match(fault({ quality: floats(1) }) ?? '', /qualities/);
  assert.match(fault({ quality: undefined }) ?? '', /qualities/);
  const none = { role: 'recognizer', embeddings: floats(), norms: floats(), quality: floats(1, 1) };
  assert.equal(answerFault(answer(none), [part('quality', 2)], manifest), null);
  assert.match(answerFault(answer(none), parts, manifest) ?? '', /embeddings/);
});

test('liveness: a probability for each face, and opinions of the same length', () => {
  const manifest = livenessManifest();
  const parts = [part('main', 2)];
  const good = { role: 'liveness', scores: floats(0, 1), opinions: [{ graph: 'g', scores: floats(0, 1) }] };
  const fault = (change: object) => answerFault(answer({ ...good, ...change }), parts, manifest);
  assert.equal(fault({}), null);
  assert.match(fault({ scores: floats(0.5) }) ?? '', /scores/);
  assert.match(fault({ scores: floats(0.5, 1.5) }) ?? '', /scores/);
  assert.match(fault({ opinions: null }) ?? '', /opinions/);
  assert.match(fault({ opinions: [{ graph: 'g', scores: floats(1) }] }) ?? '', /opinions/);
});

test('no answer, another role, and what is checked without a manifest', () => {
  const manifest = detectorManifest();
  for (const value of [null, 'x', floats(1), {}, { output: {}, computeMs: Number.NaN }, { output: 1, computeMs: 1 }]) {
    assert.equal(answerFault(value, [], manifest), 'it is no answer');
    assert.equal(answerFault(value, [], null), 'it is no answer');
  }
  const other = answer({ role: 'liveness', scores: floats(1), opinions: [] });
  assert.equal(answerFault(other, [part('yunet', 1)], manifest), "it is not a detector's");
  assert.equal(answerFault(other, [], null), null);
});
