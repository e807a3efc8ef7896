/** What versions of the models are made of. */
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import path from 'node:path';
import type { GraphSpec, Manifest } from '../../../src/contract/manifest.ts';
import { SHARED_MODELS } from '../../fixtures/shared.ts';
import { ROOT } from './process.ts';

export const MODELS = ['detector', 'recognizer', 'liveness'] as const;
export type ModelName = (typeof MODELS)[number];

export const BUNDLED: Readonly<Record<ModelName, string>> = {
  detector: 'yunet-n',
  recognizer: 'omz-0095',
  liveness: 'facenox-98.20',
};

/** `strict`: higher thresholds, which answers show. */
export type Look = 'plain' | 'strict';

/** More digits than an answer has: no score is just on a threshold. */
export const STRICT = { score: 0.90505, usable: 0.51505, accepted: 0.44505, live: 0.90505 } as const;

/** What a version is made of. */
export type VersionParts = {
  readonly manifest: Manifest;
  /** Instead of the manifest, as it is written. */
  readonly text?: string;
  readonly golden: Uint8Array;
  readonly licences: ReadonlyMap<string, Uint8Array>;
  /** File name → bytes; empty where it uses the weights that came with the server. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
};

/** Folder of the version of a model that came with the server. */
export function bundledDir(model: ModelName): string {
  return path.join(ROOT, 'models', model, BUNDLED[model]);
}

/** Path of the weights of a graph of a bundled version. */
export function sharedWeights(graph: Pick<GraphSpec, 'file'>): string {
  const [found] = globSync(`*/${graph.file}`, { cwd: SHARED_MODELS });
  if (found === undefined) throw new Error(`no weights ${graph.file} in shared/models`);
  return path.join(SHARED_MODELS, found);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
