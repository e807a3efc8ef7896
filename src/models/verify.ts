/** Hashes the weights in the cache again. */
import type { GraphSpec, Manifest } from '../contract/manifest.ts';
import { findWeight } from './store.ts';

export type VerifyResult = {
  readonly graph: string;
  readonly file: string;
  readonly status: 'ok' | 'missing' | 'damaged';
  /** What is wrong; empty when nothing is. */
  readonly detail: string;
};

/** @param graphs default: all of the manifest */
export async function verify(
  manifest: Manifest,
  cacheDir: string,
  graphs: readonly GraphSpec[] = manifest.graphs,
  signal?: AbortSignal,
): Promise<VerifyResult[]> {
  const results: VerifyResult[] = [];
  for (const graph of graphs) {
    const found = await findWeight(cacheDir, graph, true, signal);
    const detail =
      found.status === 'damaged' ? found.detail : found.status === 'missing' ? 'not there: facepool models pull' : '';
    results.push({ graph: graph.id, file: graph.file, status: found.status, detail });
  }
  return results;
}
