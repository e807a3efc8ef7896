import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { DATA_TYPE, GraphSchema } from '../../../workers/onnx/descriptor.ts';
import type { ModelProto, TensorProto } from '../../../workers/onnx/descriptor.ts';
import { importGraph } from '../../../workers/onnx/import-graph.ts';
import { parseModel, readModel } from '../../../workers/onnx/model-file.ts';
import type { OnnxModel } from '../../../workers/onnx/model-file.ts';
import { rewritePRelu } from '../../../workers/onnx/rewrite-prelu.ts';
import { attribute, encode, mainGraph, node, tensor, tinyModel, tinySpec, valueInfo } from '../../fixtures/onnx.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

function floatSlopes(values: readonly number[], dims = [BigInt(values.length), 1n, 1n]): TensorProto {
  return tensor({ name: 'slope', dims, dataType: DATA_TYPE.float, floatData: [...values] });
}

/** input × weights → `before` → PRelu → out */
function preluModel(slopes: TensorProto | null): ModelProto {
  const model = tinyModel();
  const graph = mainGraph(model);
  graph.node = [
    node({ opType: 'Mul', name: 'scale', input: ['input', 'weights'], output: ['before'] }),
    node({ opType: 'PRelu', name: 'activation', input: ['before', 'slope'], output: ['out'] }),
  ];
  if (slopes !== null) graph.initializer.push(slopes);
  return model;
}

function rewritten(model: ModelProto): { graph: OnnxModel['graph']; replaced: number; operators: string[] } {
  const parsed = parseModel(encode(model));
  const replaced = rewritePRelu(parsed);
  return { graph: parsed.graph, replaced, operators: parsed.graph.node.map((n) => n.opType) };
}

describe('what replaces a PRelu', () => {
  test('one slope: LeakyRelu with that alpha, the same name and the same output', () => {
    const { graph, replaced, operators } = rewritten(preluModel(floatSlopes([0.25])));
    assert.equal(replaced, 1);
    assert.deepEqual(operators, ['Mul', 'LeakyRelu']);
    const leaky = graph.node[1];
    assert.deepEqual([leaky?.name, leaky?.input, leaky?.output], ['activation', ['before'], ['out']]);
    assert.deepEqual(
      leaky?.attribute.map(({ name, type, f }) => ({ name, type, f })),
      [{ name: 'alpha', type: 1, f: 0.25 }],
    );
  });

  test('the same slope for every channel counts as one', () => {
    assert.deepEqual(rewritten(preluModel(floatSlopes([0.5, 0.5, 0.5]))).operators, ['Mul', 'LeakyRelu']);
  });

  test('one slope above 1 is no obstacle to LeakyRelu', () => {
    assert.deepEqual(rewritten(preluModel(floatSlopes([3]))).operators, ['Mul', 'LeakyRelu']);
  });

  test('slopes per channel of at most 1: Max(x, slope · x)', () => {
    const { graph, replaced, operators } = rewritten(preluModel(floatSlopes([-0.5, 0.25, 1])));
    assert.equal(replaced, 1);
    assert.deepEqual(operators, ['Mul', 'Mul', 'Max']);
    const [, scaled, max] = graph.node;
    assert.deepEqual(scaled?.input, ['before', 'slope']);
    assert.deepEqual(max?.input, ['before', scaled?.output[0]]);
    assert.deepEqual(max.output, ['out']);
  });

  test('half-precision slopes behind a Cast', () => {
    const raw = new Uint8Array(new Uint16Array([0x3400, 0x3400, 0x3400]).buffer);
    const model = preluModel(tensor({ name: 'half', dims: [3n, 1n, 1n], dataType: DATA_TYPE.float16, rawData: raw }));
    const to = attribute({ name: 'to', type: 2, i: BigInt(DATA_TYPE.float) });
    mainGraph(model).node.unshift(node({ opType: 'Cast', input: ['half'], output: ['slope'], attribute: [to] }));
    const { graph, operators } = rewritten(model);
    assert.deepEqual(operators, ['Cast', 'Mul', 'LeakyRelu']);
    assert.equal(graph.node[2]?.attribute[0]?.f, 0.25);
  });

  test('slopes written as raw bytes', () => {
    const raw = new Uint8Array(new Float32Array([0.5, 0.75, -2]).buffer);
    const model = preluModel(tensor({ name: 'slope', dims: [3n, 1n, 1n], dataType: DATA_TYPE.float, rawData: raw }));
    assert.deepEqual(rewritten(model).operators, ['Mul', 'Mul', 'Max']);
  });

  test('several nodes with one slope are each replaced, under names of their own', () => {
    const model = preluModel(floatSlopes([0.1, 0.2, 0.3]));
    mainGraph(model).node.push(node({ opType: 'PRelu', name: 'second', input: ['out', 'slope'], output: ['again'] }));
    const { graph, replaced } = rewritten(model);
    assert.equal(replaced, 2);
    const outputs = graph.node.flatMap((n) => n.output);
    assert.equal(new Set(outputs).size, outputs.length);
    assert.equal(graph.initializer.length, 2);
  });

  test('a slope that old exporters list among the inputs, and one that is an output, stay where they are', () => {
    const model = preluModel(floatSlopes([0.1]));
    mainGraph(model).input.push(...create(GraphSchema, { input: [valueInfo('slope', [1, 1, 1])] }).input);
    mainGraph(model).output.push(...create(GraphSchema, { output: [valueInfo('slope', [1, 1, 1])] }).output);
    const { graph, operators } = rewritten(model);
    assert.deepEqual(operators, ['Mul', 'LeakyRelu']);
    assert.ok(graph.initializer.some((t) => t.name === 'slope'));
    assert.equal(graph.output.length, 2);
  });

  test('new names do not meet those of the graph', () => {
    const model = preluModel(floatSlopes([0.1, 0.2, 0.3]));
    mainGraph(model).node.push(node({ opType: 'Identity', input: ['out'], output: ['facepool_prelu_0_scaled'] }));
    const outputs = rewritten(model).graph.node.flatMap((n) => n.output);
    assert.equal(new Set(outputs).size, outputs.length);
  });
});

function ofOpset(model: ModelProto, version: bigint): ModelProto {
  for (const opset of model.opsetImport) opset.version = version;
  return model;
}

const UNTOUCHED: readonly (readonly [string, () => ModelProto])[] = [
  ['a slope above 1 among several', () => preluModel(floatSlopes([0.5, 1.5, 0.5]))],
  ['a slope that is not a number', () => preluModel(floatSlopes([Number.NaN]))],
  ['an infinite slope', () => preluModel(floatSlopes([Number.NEGATIVE_INFINITY, 0, 0]))],
  ['no slopes', () => preluModel(floatSlopes([], [0n]))],
  ['fewer slopes than the shape says', () => preluModel(floatSlopes([0.5, 0.5], [3n, 1n, 1n]))],
  [
    'raw bytes that are cut off',
    () => preluModel(tensor({ name: 'slope', dims: [3n], dataType: DATA_TYPE.float, rawData: new Uint8Array(11) })),
  ],
  [
    'half-precision slopes of a half-precision PRelu',
    () => preluModel(tensor({ name: 'slope', dims: [1n], dataType: DATA_TYPE.float16, rawData: new Uint8Array(2) })),
  ],
  [
    'a slope that is computed',
    () => {
      const model = preluModel(null);
      mainGraph(model).node.unshift(node({ opType: 'Neg', input: ['weights'], output: ['slope'] }));
      return model;
    },
  ],
  ['an opset before Max broadcasts', () => ofOpset(preluModel(floatSlopes([0.25])), 7n)],
  [
    'an operator of the same name from elsewhere',
    () => {
      const model = preluModel(floatSlopes([0.25]));
      for (const n of mainGraph(model).node) n.domain = 'com.microsoft';
      return model;
    },
  ],
];

describe('left as it is', () => {
  for (const [name, make] of UNTOUCHED) {
    test(name, () => {
      const before = parseModel(encode(make())).graph.node.map((n) => n.opType);
      const { replaced, operators } = rewritten(make());
      assert.equal(replaced, 0);
      assert.deepEqual(operators, before);
    });
  }
});

describe('the imported graph gives exactly the numbers of the original', () => {
  for (const slopes of [[0.3], [-0.7], [0.1, -2, 1], [0.5, 1.5, 0.5]]) {
    test(`slopes ${slopes.join(', ')}`, async (t) => {
      const dir = tempDir(t);
      const source = join(dir, 'prelu.onnx');
      const target = join(dir, 'imported.onnx');
      writeFileSync(source, encode(preluModel(floatSlopes(slopes))));
      // The mean makes half of the numbers negative.
      const result = await importGraph({ source, target, graph: tinySpec({ mean: [128, 128, 128] }) });
      assert.deepEqual([result.verified, result.maxAbsDiff], [true, 0]);
      const left = (await readModel(target)).graph.node.filter((n) => n.opType === 'PRelu').length;
      assert.equal(left, slopes.some((s) => s > 1) ? 1 : 0);
    });
  }
});
