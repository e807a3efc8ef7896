/** Embeddings of aligned faces: one vector per face, L2-normalised so that a dot product is the cosine. */
import { FacepoolError } from '../../src/contract/errors.ts';
import { normalise } from '../math/vector.ts';
import { findRun, requireRole, rows } from './decoder.ts';
import type { DecoderFactory, GraphRun } from './decoder.ts';
import { decodeQuality } from './lightqnet.ts';

type Embeddings = { readonly embeddings: Float32Array; readonly norms: Float32Array };

function decodeEmbeddings(run: GraphRun | undefined, dim: number): Embeddings {
  if (run === undefined) return { embeddings: new Float32Array(0), norms: new Float32Array(0) };
  const embeddings = rows(run, dim, true).data.slice();
  const norms = new Float32Array(run.count);
  for (let i = 0; i < run.count; i++) {
    const length = normalise(embeddings.subarray(i * dim, (i + 1) * dim));
    if (length === 0) throw new FacepoolError('model_failed', `graph "${run.graph.id}" gave an embedding of zeros`);
    norms[i] = length;
  }
  return { embeddings, norms };
}

/** `aligned-embedding`: an embedding graph, and a quality graph where one was asked for. */
export const alignedEmbedding: DecoderFactory = (manifest) => {
  const { dim } = requireRole(manifest, 'recognizer').recognizer;
  return (runs) => {
    const quality = findRun(runs, 'quality');
    return {
      role: 'recognizer',
      ...decodeEmbeddings(findRun(runs, 'embedding'), dim),
      quality: quality === undefined ? null : decodeQuality(quality),
    };
  };
};
