import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphRun } from '../../../workers/decoders/decoder.ts';
import { softmaxLiveness } from '../../../workers/decoders/softmax-liveness.ts';
import { graphOf, livenessManifest, recognizerManifest } from '../../fixtures/manifests.ts';

const manifest = livenessManifest();
const decode = softmaxLiveness(manifest);

function run(id: string, batch: number, count: number, values: readonly number[]): GraphRun {
  const data = Float32Array.from(values);
  const out = { dims: [batch, data.length / batch], data };
  return { graph: graphOf(manifest, id), shape: [batch, 8, 8, 3], count, outputs: { out } };
}

function near(got: Float32Array, want: readonly number[]): void {
  assert.equal(got.length, want.length);
  for (const [i, x] of want.entries()) assert.ok(Math.abs((got[i] ?? 0) - x) < 1e-6, `${got[i]} is not ${x}`);
}

test('live is sigmoid(real − spoof), one score per real face', () => {
  const answer = decode([run('main', 4, 3, [2, 2, 1 + Math.log(3), 1, -5, 200, Number.NaN, 0])], undefined);
  assert.ok(answer.role === 'liveness');
  near(answer.scores, [0.5, 0.75, 0]);
  assert.deepEqual(answer.opinions, []);
});

test('opinions are read as the manifest says', () => {
  const answer = decode(
    [
      run('main', 1, 1, [0, 0]),
      run('probabilities', 1, 1, [0.1, 0.7, 0.2]),
      run('logits', 1, 1, [Math.log(3), 0, -1000]),
    ],
    undefined,
  );
  assert.ok(answer.role === 'liveness');
  assert.deepEqual(
    answer.opinions.map((opinion) => opinion.graph),
    ['probabilities', 'logits'],
  );
  near(answer.opinions[0]?.scores ?? new Float32Array(0), [0.7]);
  near(answer.opinions[1]?.scores ?? new Float32Array(0), [0.75]);
});

test('NaN, too few classes and a missing main graph are model_failed', () => {
  assert.throws(() => decode([run('main', 1, 1, [Number.NaN, 0])], undefined), { code: 'model_failed' });
  assert.throws(() => decode([run('main', 1, 1, [1])], undefined), { code: 'model_failed' });
  assert.throws(() => decode([run('logits', 1, 1, [1, 0])], undefined), { code: 'model_failed' });
  const unread = { ...manifest, liveness: { ...manifest.liveness, opinions: {} } };
  const opinion = run('logits', 1, 1, [1, 0]);
  const main = run('main', 1, 1, [1, 0]);
  assert.throws(() => softmaxLiveness(unread)([main, opinion], undefined), { code: 'model_failed' });
});

test('a manifest of another role is refused', () => {
  assert.throws(() => softmaxLiveness(recognizerManifest()), { code: 'model_failed', message: /liveness/ });
});
