import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { describe, test } from 'node:test';
import type { Manifest } from '../../../src/contract/manifest.ts';
import { DATA_TYPE, GraphSchema } from '../../../workers/onnx/descriptor.ts';
import { parseModel } from '../../../workers/onnx/model-file.ts';
import { checkSignature, smallInput } from '../../../workers/onnx/signature.ts';
import { detectorManifest, graphOf, recognizerManifest } from '../../fixtures/manifests.ts';
import { encode, mainGraph, tinyModel, valueInfo } from '../../fixtures/onnx.ts';

const crops = recognizerManifest(8);
const pictures = detectorManifest();

/** A detector whose every picture has one side. */
function square(fit: number): Manifest {
  return { ...pictures, detector: { ...pictures.detector, fit, multiple_of: fit } };
}

function check(dims: readonly (number | string)[], manifest: Manifest, id: string, type?: number): void {
  const model = tinyModel(dims);
  const spec = { ...graphOf(manifest, id), outputs: ['out'] };
  mainGraph(model).output = create(GraphSchema, { output: [valueInfo('out', [], type)] }).output;
  checkSignature(parseModel(encode(model)), spec, manifest);
}

describe('inputs that fit', () => {
  test('of any size', () => {
    check(['N', 3, 'H', 'W'], crops, 'embedding');
    check(['N', 3, 'H', 'W'], pictures, 'yunet');
  });
  test('of the size of the crop', () => check(['N', 3, 8, 8], crops, 'embedding'));
  test('of one picture', () => check([1, 3, 'H', 'W'], pictures, 'yunet'));
  test('of the only side that there is', () => check([1, 3, 640, 640], square(640), 'yunet'));
});

describe('inputs that do not', () => {
  for (const [name, dims, manifest, id, message] of [
    ['another crop', ['N', 3, 8, 112], crops, 'embedding', /fixed width 112; the manifest says 8/],
    ['one at a time', [1, 3, 8, 8], crops, 'embedding', /batches of 1 only; the manifest says 1, 4/],
    ['two pictures', [2, 3, 'H', 'W'], pictures, 'yunet', /batches of 2 only; the manifest says 1/],
    [
      'one size for pictures of many',
      [1, 3, 640, 640],
      pictures,
      'yunet',
      /fixed height 640; .* pictures of many sizes/,
    ],
    ['another only side', [1, 3, 320, 320], square(640), 'yunet', /fixed height 320; the manifest says 640/],
  ] as const) {
    test(name, () => assert.throws(() => check(dims, manifest, id), { code: 'model_failed', message }));
  }
});

test('outputs are there, and are numbers', () => {
  const half = { code: 'model_failed', message: 'the output "out" is not float32' };
  assert.throws(() => check(['N', 3, 8, 8], crops, 'embedding', DATA_TYPE.float16), half);
  check(['N', 3, 8, 8], crops, 'embedding', 0);
  const model = parseModel(encode(tinyModel()));
  const spec = { ...graphOf(crops, 'embedding'), outputs: ['out', 'norm'] };
  assert.throws(() => checkSignature(model, spec, crops), { message: 'the graph has no output "norm"; it has "out"' });
});

test('the small input is one that the server sends', () => {
  assert.deepEqual(smallInput(graphOf(crops, 'embedding'), crops), [1, 8, 8, 3]);
  assert.deepEqual(smallInput({ ...graphOf(crops, 'embedding'), batches: [16, 4] }, crops), [4, 8, 8, 3]);
  const spec = graphOf(pictures, 'yunet');
  assert.deepEqual(smallInput(spec, pictures), [1, 96, 128, 3]);
  assert.deepEqual(smallInput(spec, square(640)), [1, 640, 640, 3]);
  const coarse = { ...pictures, detector: { ...pictures.detector, multiple_of: 128 } };
  assert.deepEqual(smallInput(spec, coarse), [1, 128, 256, 3], 'unlike, so that swapped sides show');
});
