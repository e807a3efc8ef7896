import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { GraphSpec } from '../../../src/contract/manifest.ts';
import { compareGraphs } from '../../../workers/onnx/compare.ts';
import type { ModelProto } from '../../../workers/onnx/descriptor.ts';
import { parseModel } from '../../../workers/onnx/model-file.ts';
import { prependPreprocessing } from '../../../workers/onnx/prepend.ts';
import { encode, mainGraph, node, tensor, tinyModel, tinySpec } from '../../fixtures/onnx.ts';
import type { Dim } from '../../fixtures/onnx.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

/** Writes `original` and its import, made after `spoil`, and compares the two. */
function compare(
  t: TestContext,
  original: ModelProto,
  spec: GraphSpec,
  spoil: (model: ModelProto) => void = () => {},
): ReturnType<typeof compareGraphs> {
  const dir = tempDir(t);
  writeFileSync(join(dir, 'a.onnx'), encode(original));
  const imported = parseModel(encode(original));
  spoil(imported);
  prependPreprocessing(imported, spec.input);
  writeFileSync(join(dir, 'b.onnx'), encode(imported));
  return compareGraphs(join(dir, 'a.onnx'), join(dir, 'b.onnx'), spec);
}

function scaleWeights(model: ModelProto, factor: number): void {
  for (const weights of mainGraph(model).initializer) weights.floatData = weights.floatData.map((v) => v * factor);
}

for (const dims of [
  ['N', 3, 'H', 'W'],
  [1, 3, 64, 32],
  [4, 3, 'H', 'W'],
  ['N', 3, 48, 'W'],
] satisfies Dim[][]) {
  test(`colour order, mean and std are the original's for an input of ${dims.join(' × ')}`, async (t) => {
    const spec = tinySpec({ color: 'bgr', mean: [104, 117, 123.5], std: [128, 2, 57.375] });
    const { maxAbsDiff } = await compare(t, tinyModel(dims), spec);
    assert.ok(maxAbsDiff < 0.01, `${maxAbsDiff}`);
  });
}

test('without mean and std the import is exact', async (t) => {
  assert.deepEqual(await compare(t, tinyModel(), tinySpec({ color: 'bgr' })), { maxAbsDiff: 0 });
});

test('an import that says something else is refused', async (t) => {
  const changed = compare(t, tinyModel(), tinySpec(), (m) => scaleWeights(m, 1.001));
  await assert.rejects(changed, /"out" differs by 2\d/);
});

test('outputs that are not there are named', async (t) => {
  const spec = { ...tinySpec(), outputs: ['out', 'score'] };
  await assert.rejects(compare(t, tinyModel(), spec), /no output "score"; it has out/);
});

test('an output that is no number proves nothing', async (t) => {
  const model = tinyModel();
  const graph = mainGraph(model);
  graph.initializer.push(tensor({ name: 'zero', dims: [1n], dataType: 1, floatData: [0] }));
  graph.node = [node({ opType: 'Div', input: ['input', 'zero'], output: ['out'] })];
  await assert.rejects(compare(t, model, tinySpec()), /not numbers/);
});

test('an input of absurd size is not tried', async (t) => {
  await assert.rejects(compare(t, tinyModel([1, 3, 100_000, 100_000]), tinySpec()), /too large/);
});
