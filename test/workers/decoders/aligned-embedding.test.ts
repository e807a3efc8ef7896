import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignedEmbedding } from '../../../workers/decoders/aligned-embedding.ts';
import type { GraphRun } from '../../../workers/decoders/decoder.ts';
import { detectorManifest, graphOf, recognizerManifest } from '../../fixtures/manifests.ts';

const manifest = recognizerManifest();
const decode = alignedEmbedding(manifest);

function run(id: 'embedding' | 'quality', batch: number, count: number, values: readonly number[]): GraphRun {
  const data = Float32Array.from(values);
  return {
    graph: graphOf(manifest, id),
    shape: [batch, 8, 8, 3],
    count,
    outputs: { out: { dims: [batch, data.length / batch], data } },
  };
}

const PADDING = [Number.NaN, 0, 0];

test('embeddings have length 1, norms are told, the padding is not read', () => {
  const raw = [3, 0, 4, 0, 0.5, 0, ...PADDING, ...PADDING];
  const answer = decode([run('embedding', 4, 2, raw)], undefined);
  assert.ok(answer.role === 'recognizer');
  assert.deepEqual(answer.embeddings, Float32Array.of(0.6, 0, 0.8, 0, 1, 0));
  assert.deepEqual(answer.norms, Float32Array.of(5, 0.5));
  assert.equal(answer.quality, null);
});

test('quality comes beside the embeddings, clamped to 0..1', () => {
  const quality = run('quality', 4, 3, [1.2, -0.1, 0.5, Number.NaN]);
  const answer = decode([run('embedding', 4, 3, [1, 0, 0, 0, 1, 0, 0, 0, 1, ...PADDING]), quality], undefined);
  assert.ok(answer.role === 'recognizer');
  assert.deepEqual(answer.quality, Float32Array.of(1, 0, 0.5));
});

test('quality alone: no embeddings', () => {
  const answer = decode([run('quality', 1, 1, [0.75])], undefined);
  assert.ok(answer.role === 'recognizer');
  assert.equal(answer.embeddings.length, 0);
  assert.deepEqual(answer.quality, Float32Array.of(0.75));
});

test('zeros, NaN and other dimensions are model_failed', () => {
  for (const values of [
    [0, 0, 0],
    [1, Number.NaN, 0],
    [1, Infinity, 0],
    [1, 0],
    [1, 0, 0, 0],
  ]) {
    assert.throws(() => decode([run('embedding', 1, 1, values)], undefined), { code: 'model_failed' }, String(values));
  }
  assert.throws(() => decode([run('quality', 1, 1, [Number.NaN])], undefined), { code: 'model_failed' });
  const nameless = { ...run('quality', 1, 1, [1]), outputs: {} };
  assert.throws(() => decode([nameless], undefined), { code: 'model_failed' });
});

test('a manifest of another role is refused', () => {
  assert.throws(() => alignedEmbedding(detectorManifest()), { code: 'model_failed', message: /recognizer/ });
});
