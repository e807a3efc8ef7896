/** A recognizer of another space, of weights that are never part of the project: EdgeFace-XS, with LightQNet beside. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { RecognizerManifest } from '../../../src/contract/manifest.ts';
import { loadManifest } from '../../../src/models/manifest-file.ts';
import { SHARED_MODELS } from '../../fixtures/shared.ts';
import type { SwapAdmin } from './swap-admin.ts';
import { bundledDir, sha256, sharedWeights } from './swap-parts.ts';

export const EDGEFACE = 'edgeface-xs';
export const EDGEFACE_SPACE = 'edgeface-xs-q';
export const OMZ_SPACE = 'omz-0095';

const TEMPLATE: readonly [number, number][] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];
const SIZE = 112;
const LICENCE = 'edgeface-code-BSD-3.txt';

/** Registers it: checked, proven, meant by no alias. */
export async function registerEdgeface(admin: SwapAdmin): Promise<void> {
  const dir = bundledDir('recognizer');
  const bundled = await loadManifest(dir);
  const quality = bundled.graphs.find(({ use }) => use === 'quality');
  if (bundled.role !== 'recognizer' || quality === undefined) throw new Error('the recognizer has no quality graph');
  const weights = readFileSync(path.join(SHARED_MODELS, 'plus', 'edgeface_xs_q.onnx'));
  const licences = [LICENCE, 'LICENSE-lightqnet'] as const;
  const manifest: RecognizerManifest = {
    ...bundled,
    version: EDGEFACE,
    description: 'EdgeFace-XS, quantised: 512 numbers per face',
    licence: {
      spdx: 'CC-BY-NC-SA-4.0 AND MIT',
      file: LICENCE,
      attribution: 'EdgeFace, Idiap; LightQNet, Kaen Chan',
      commercial: false,
      parts: [
        { graphs: ['edgeface'], spdx: 'CC-BY-NC-SA-4.0', file: LICENCE, attribution: 'EdgeFace, Idiap' },
        { graphs: [quality.id], spdx: 'MIT', file: 'LICENSE-lightqnet', attribution: 'LightQNet, Kaen Chan' },
      ],
    },
    graphs: [
      {
        id: 'edgeface',
        use: 'embedding',
        file: 'edgeface_xs_q.onnx',
        sha256: sha256(weights),
        bytes: weights.length,
        urls: [],
        input: { name: 'input', color: 'rgb', mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
        outputs: ['embedding'],
        crop: {
          kind: 'aligned',
          size: SIZE,
          landmarks: 'five',
          template: TEMPLATE.map(([x, y]): [number, number] => [x / SIZE, y / SIZE]),
          border: 'zero',
        },
        batches: [1, 4, 16],
      },
      { ...quality, urls: [] },
    ],
    recognizer: {
      ...bundled.recognizer,
      space: EDGEFACE_SPACE,
      dim: 512,
      thresholds: { '1e-3': 0.26, '1e-4': 0.325, '1e-5': 0.391 },
      similarity: { c0: Math.sqrt(2 - 2 * 0.325), c1: 4.5 },
    },
  };
  const form = new FormData();
  form.append('version', EDGEFACE);
  form.append('manifest', stringify(manifest));
  const texts = [path.join(SHARED_MODELS, 'licences', LICENCE), path.join(dir, 'LICENSE-lightqnet')];
  for (const [i, file] of texts.entries()) form.append('licence', blob(readFileSync(file)), licences[i]);
  form.append('files', blob(weights), 'edgeface_xs_q.onnx');
  form.append('files', blob(readFileSync(sharedWeights(quality))), quality.file);
  const answer = await admin.upload('recognizer', form);
  if (!answer.ok) throw new Error(`${answer.refusal.code}: ${answer.refusal.detail}`);
}

function blob(bytes: Uint8Array): Blob {
  return new Blob([new Uint8Array(bytes)]);
}
