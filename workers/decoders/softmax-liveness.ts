/** Liveness from two logits, real and spoof; second opinions from graphs with classes of their own. */
import { FacepoolError } from '../../src/contract/errors.ts';
import type { LivenessManifest } from '../../src/contract/manifest.ts';
import { clampUnit, sigmoid, softmax } from '../math/probability.ts';
import { findRun, requireRole, rows } from './decoder.ts';
import type { DecoderFactory, GraphRun } from './decoder.ts';

type Opinion = LivenessManifest['liveness']['opinions'][string];

/** [count]; a softmax over two logits is the sigmoid of their difference. */
function decodeScores(run: GraphRun, real: number, spoof: number): Float32Array {
  const { data, width } = rows(run, Math.max(real, spoof) + 1, false);
  const scores = new Float32Array(run.count);
  for (let i = 0; i < run.count; i++) {
    scores[i] = sigmoid((data[i * width + real] ?? 0) - (data[i * width + spoof] ?? 0));
  }
  return scores;
}

/** [count], the probability of the real class. */
function decodeOpinion(run: GraphRun, opinion: Opinion | undefined): Float32Array {
  if (opinion === undefined) {
    throw new FacepoolError('model_failed', `the manifest does not say how "${run.graph.id}" is read`);
  }
  const { data, width } = rows(run, opinion.real_index + 1, false);
  const scores = new Float32Array(run.count);
  for (let i = 0; i < run.count; i++) {
    const row = data.subarray(i * width, (i + 1) * width);
    const probabilities = opinion.activation === 'softmax' ? softmax(row) : row;
    scores[i] = clampUnit(probabilities[opinion.real_index] ?? 0);
  }
  return scores;
}

/** `softmax-liveness`: scores are the probability that a face is live, of every graph that was run. */
export const softmaxLiveness: DecoderFactory = (manifest) => {
  const { real_index: real, spoof_index: spoof, opinions } = requireRole(manifest, 'liveness').liveness;
  return (runs) => {
    const main = findRun(runs, 'liveness');
    if (main === undefined) throw new FacepoolError('model_failed', 'the liveness graph was not run');
    return {
      role: 'liveness',
      scores: decodeScores(main, real, spoof),
      opinions: runs
        .filter((run) => run.graph.use === 'opinion')
        .map((run) => ({ graph: run.graph.id, scores: decodeOpinion(run, opinions[run.graph.id]) })),
    };
  };
};
