/** Manifest `family` → decoder. A new family is one file and one line here. */
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Manifest } from '../../src/contract/manifest.ts';
import { alignedEmbedding } from './aligned-embedding.ts';
import type { Decode, DecoderFactory } from './decoder.ts';
import { softmaxLiveness } from './softmax-liveness.ts';
import { yunet } from './yunet.ts';

const FAMILIES: ReadonlyMap<string, DecoderFactory> = new Map([
  ['yunet', yunet],
  ['aligned-embedding', alignedEmbedding],
  ['softmax-liveness', softmaxLiveness],
]);

/** Throws `model_failed` for a family that does not exist or does not serve the manifest's role. */
export function decoderFor(manifest: Manifest): Decode {
  const factory = FAMILIES.get(manifest.family);
  if (factory === undefined) {
    const known = [...FAMILIES.keys()].join(', ');
    throw new FacepoolError('model_failed', `unknown decoder family "${manifest.family}"; known: ${known}`);
  }
  return factory(manifest);
}
