import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ATTRIBUTE_TYPE, DATA_TYPE, GraphSchema } from '../../../workers/onnx/descriptor.ts';
import type { ModelProto, NodeProto } from '../../../workers/onnx/descriptor.ts';
import { importGraph } from '../../../workers/onnx/import-graph.ts';
import { mergeBranches } from '../../../workers/onnx/merge-branches.ts';
import { parseModel, readModel } from '../../../workers/onnx/model-file.ts';
import { seededBytes } from '../../../src/util/seeded.ts';
import { attribute, encode, mainGraph, node, tensor, tinyModel, tinySpec, valueInfo } from '../../fixtures/onnx.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const HEADS = { cls: 1, obj: 1, bbox: 4, kps: 10 } as const;
type Head = keyof typeof HEADS;

function ints(name: string, values: readonly number[]) {
  return attribute({ name, type: ATTRIBUTE_TYPE.ints, ints: values.map(BigInt) });
}

function group(of: number) {
  return attribute({ name: 'group', type: ATTRIBUTE_TYPE.int, i: BigInt(of) });
}

/** input → for each head Conv (1×1) → depthwise Conv (3×3) → an output of its name */
function headsModel(opset = 13n, heads: readonly Head[] = ['cls', 'bbox', 'kps']): ModelProto {
  const model = tinyModel([1, 3, 8, 8]);
  for (const one of model.opsetImport) one.version = opset;
  const graph = mainGraph(model);
  graph.initializer = [];
  graph.node = [];
  const weights = (name: string, dims: readonly number[]): string => {
    const count = dims.reduce((a, b) => a * b);
    // Half written as numbers, half as bytes, as exporters do.
    const values = Float32Array.from(seededBytes(name.length + count, count), (byte) => (byte - 128) / 511);
    const data = count % 2 === 0 ? { floatData: [...values] } : { rawData: new Uint8Array(values.buffer) };
    graph.initializer.push(tensor({ name, dims: dims.map(BigInt), dataType: DATA_TYPE.float, ...data }));
    return name;
  };
  for (const head of heads) {
    const channels = HEADS[head];
    const [first, second] = [`${head}.first`, `${head}.second`];
    graph.node.push(
      node({
        ...{ name: first, opType: 'Conv', output: [`${head}.between`] },
        input: ['input', weights(`${first}.w`, [channels, 3, 1, 1]), weights(`${first}.b`, [channels])],
        attribute: [group(1), ints('kernel_shape', [1, 1])],
      }),
      node({
        ...{ name: second, opType: 'Conv', output: [head] },
        input: [`${head}.between`, weights(`${second}.w`, [channels, 1, 3, 3]), weights(`${second}.b`, [channels])],
        attribute: [ints('pads', [1, 1, 1, 1]), group(channels), ints('kernel_shape', [3, 3])],
      }),
    );
  }
  graph.output = create(GraphSchema, {
    output: heads.map((head) => valueInfo(head, [1, HEADS[head], 8, 8])),
  }).output;
  return model;
}

function named(model: ModelProto, name: string): NodeProto {
  const found = mainGraph(model).node.find((one) => one.name === name);
  assert.ok(found);
  return found;
}

describe('branches of two convolutions that begin at one tensor', () => {
  test('become two convolutions and a Split, and keep the names of their ends', () => {
    const model = parseModel(encode(headsModel()));
    assert.equal(mergeBranches(model), 3);
    assert.deepEqual(
      model.graph.node.map(({ opType, output }) => [opType, output.length]),
      [
        ['Conv', 1],
        ['Conv', 1],
        ['Split', 3],
      ],
    );
    assert.deepEqual(model.graph.node[2]?.output, ['cls', 'bbox', 'kps']);
    const dims = Object.fromEntries(model.graph.initializer.map((one) => [one.name, one.dims.map(Number)]));
    assert.deepEqual(dims, {
      facepool_merged_0_first_weight: [15, 3, 1, 1],
      facepool_merged_0_first_bias: [15],
      facepool_merged_0_second_weight: [15, 1, 3, 3],
      facepool_merged_0_second_bias: [15],
      facepool_merged_0_sizes: [3],
    });
  });

  test('those of another input or another stride are merged among themselves', () => {
    const model = headsModel();
    named(model, 'kps.first').attribute.push(ints('strides', [2, 2]));
    const parsed = parseModel(encode(model));
    assert.equal(mergeBranches(parsed), 2);
    assert.deepEqual(
      parsed.graph.node.map(({ opType }) => opType),
      ['Conv', 'Conv', 'Split', 'Conv', 'Conv'],
    );
  });

  for (const [opset, where] of [
    [11n, 'in an attribute'],
    [13n, 'in a tensor'],
    [18n, 'in a tensor'],
  ] as const) {
    test(`give the numbers that they gave: opset ${opset}, the sizes ${where}`, async (t) => {
      const [source, target] = ['heads.onnx', 'imported.onnx'].map((name) => join(tempDir(t), name));
      assert.ok(source !== undefined && target !== undefined);
      writeFileSync(source, encode(headsModel(opset)));
      const spec = { ...tinySpec(), outputs: ['cls', 'bbox', 'kps'] };
      const { verified, maxAbsDiff } = await importGraph({ source, target, graph: spec });
      assert.equal(verified, true);
      assert.ok(maxAbsDiff < 1e-3, `${maxAbsDiff} of up to 255 × 0.25 × 3`);
      const { graph } = await readModel(target);
      assert.equal(graph.node.filter(({ opType }) => opType === 'Conv').length, 2);
      assert.equal(graph.node.find(({ opType }) => opType === 'Split')?.input.length, opset < 13n ? 1 : 2);
    });
  }

  test('chains of three with one channel: the third follows the branch', async (t) => {
    const model = headsModel(13n, ['cls', 'kps']);
    const graph = mainGraph(model);
    graph.initializer.push(
      ...['w', 'b'].map((name) =>
        tensor({ name, dims: name === 'w' ? [1n, 1n, 1n, 1n] : [1n], dataType: DATA_TYPE.float, floatData: [0.5] }),
      ),
    );
    // A second chain like the first, and the third of both.
    for (const one of headsModel(13n, ['cls']).graph?.node ?? []) {
      const again = (name: string): string => (name.endsWith('.between') || name === 'cls' ? `${name}2` : name);
      graph.node.push(
        node({ ...one, name: `${one.name}2`, input: one.input.map(again), output: one.output.map(again) }),
      );
    }
    for (const end of ['cls', 'cls2']) {
      graph.node.push(node({ opType: 'Conv', name: `${end}.third`, input: [end, 'w', 'b'], output: [`${end}.end`] }));
      graph.output.push(...headsOutput(`${end}.end`));
    }
    const [source, target] = ['chains.onnx', 'imported.onnx'].map((name) => join(tempDir(t), name));
    assert.ok(source !== undefined && target !== undefined);
    writeFileSync(source, encode(model));
    const spec = { ...tinySpec(), outputs: ['cls', 'kps', 'cls.end', 'cls2.end'] };
    const { maxAbsDiff } = await importGraph({ source, target, graph: spec });
    assert.ok(maxAbsDiff < 1e-3, `${maxAbsDiff}`);
    const left = (await readModel(target)).graph.node.filter(({ opType }) => opType === 'Conv');
    assert.deepEqual(
      left.map(({ name }) => name),
      ['facepool_merged_0_first', 'facepool_merged_0_second', 'cls.third', 'cls2.third'],
    );
  });

  test('a graph that differs because of it is imported without it', {
    skip: process.arch === 'x64' ? false : 'the sums are in the same order where there is no blocked layout',
  }, async (t) => {
    // Together as wide as a register, they are summed in another order; the last bit of a sum decides all of this.
    const model = headsModel(13n, ['cls', 'obj', 'bbox', 'kps']);
    const bits = tensor({ name: 'huge', dims: [1n], dataType: DATA_TYPE.float, floatData: [2 ** 30] });
    mainGraph(model).initializer.push(bits);
    mainGraph(model).node.push(
      node({ opType: 'Mul', input: ['kps', 'huge'], output: ['large'] }),
      node({ opType: 'Sin', input: ['large'], output: ['chaotic'] }),
    );
    mainGraph(model).output.push(
      ...create(GraphSchema, { output: [valueInfo('chaotic', [1, HEADS.kps, 8, 8])] }).output,
    );
    const [source, target] = ['chaos.onnx', 'imported.onnx'].map((name) => join(tempDir(t), name));
    assert.ok(source !== undefined && target !== undefined);
    writeFileSync(source, encode(model));
    const spec = { ...tinySpec(), outputs: ['chaotic'] };
    const { verified, maxAbsDiff } = await importGraph({ source, target, graph: spec });
    assert.deepEqual([verified, maxAbsDiff], [true, 0]);
    const left = (await readModel(target)).graph.node.filter(({ opType }) => opType === 'Conv').length;
    assert.equal(left, 8);
  });

  test('the sizes are told as the last operator set of the file wants them', async (t) => {
    const model = headsModel(12n);
    model.opsetImport.push({ ...model.opsetImport[0]!, domain: 'ai.onnx', version: 13n });
    const [source, target] = ['two.onnx', 'imported.onnx'].map((name) => join(tempDir(t), name));
    assert.ok(source !== undefined && target !== undefined);
    writeFileSync(source, encode(model));
    await importGraph({ source, target, graph: { ...tinySpec(), outputs: ['cls'] } });
    const split = (await readModel(target)).graph.node.find(({ opType }) => opType === 'Split');
    assert.equal(split?.input.length, 2);
  });

  test('weights that something else reads stay', () => {
    const model = headsModel();
    mainGraph(model).node.push(node({ opType: 'Neg', input: ['cls.first.w'], output: ['negative'] }));
    const parsed = parseModel(encode(model));
    assert.equal(mergeBranches(parsed), 3);
    assert.ok(parsed.graph.initializer.some(({ name }) => name === 'cls.first.w'));
  });
});

function kernelOf(model: ModelProto, head: Head, dims: readonly number[]): void {
  const second = named(model, `${head}.second`);
  second.attribute = [group(HEADS[head])];
  const count = HEADS[head] * dims.reduce((a, b) => a * b);
  const weights = mainGraph(model).initializer.find(({ name }) => name === `${head}.second.w`);
  assert.ok(weights);
  weights.dims = [HEADS[head], 1, ...dims].map(BigInt);
  weights.rawData = new Uint8Array();
  weights.floatData = Array.from({ length: count }, (_, i) => i / 16);
}

/** Says that a head has so many channels. */
function widen(model: ModelProto, head: Head, to: number): void {
  for (const tensorOf of mainGraph(model).initializer.filter(({ name }) => name.startsWith(`${head}.`))) {
    tensorOf.dims[0] = BigInt(to);
  }
  named(model, `${head}.second`).attribute = [group(to), ints('pads', [1, 1, 1, 1])];
}

const UNTOUCHED: readonly (readonly [string, (model: ModelProto) => void])[] = [
  [
    'what is between is read twice',
    (model) => mainGraph(model).node.push(node({ opType: 'Neg', input: ['cls.between'], output: ['negative'] })),
  ],
  ['what is between is an output', (model) => mainGraph(model).output.push(...headsOutput('cls.between'))],
  [
    'what is between is read in an inner graph',
    (model) => {
      const inner = create(GraphSchema, { node: [node({ opType: 'Neg', input: ['cls.between'], output: ['n'] })] });
      const body = attribute({ name: 'then_branch', type: 5, g: inner });
      mainGraph(model).node.push(node({ opType: 'If', input: ['cond'], output: ['either'], attribute: [body] }));
    },
  ],
  ['the second is not one per channel', (model) => void (named(model, 'cls.second').attribute = [group(3)])],
  ['another operator follows', (model) => void (named(model, 'cls.second').opType = 'Relu')],
  ['there is no bias', (model) => void named(model, 'cls.first').input.pop()],
  ['the weights are computed', (model) => void (named(model, 'cls.first').input[1] = 'computed')],
  [
    'an attribute of another kind',
    (model) => void named(model, 'cls.first').attribute.push(attribute({ name: 'auto_pad', type: 3 })),
  ],
  ['an operator of the same name from elsewhere', (model) => void (named(model, 'cls.first').domain = 'com.microsoft')],
  [
    'the second has another kernel, which no attribute tells',
    (model) => {
      kernelOf(model, 'cls', [3, 1]);
      kernelOf(model, 'bbox', [1, 3]);
    },
  ],
  ['it is wide', (model) => widen(model, 'cls', 16)],
  ['the numbers are not as many as the shape says', (model) => widen(model, 'cls', 15)],
  ['the weights are the tensor between', (model) => void (named(model, 'cls.second').input[1] = 'cls.between')],
];

function headsOutput(name: string) {
  return create(GraphSchema, { output: [valueInfo(name, [1, 1, 8, 8])] }).output;
}

describe('left as it is', () => {
  test('a branch that is alone', () => {
    const model = parseModel(encode(headsModel(13n, ['kps'])));
    assert.equal(mergeBranches(model), 0);
    assert.equal(model.graph.node.length, 2);
  });

  for (const [name, change] of UNTOUCHED) {
    test(name, () => {
      const model = headsModel(13n, ['cls', 'bbox']);
      change(model);
      const parsed = parseModel(encode(model));
      const before = parsed.graph.node.map((one) => one.name);
      assert.equal(mergeBranches(parsed), 0);
      assert.deepEqual(
        parsed.graph.node.map((one) => one.name),
        before,
      );
    });
  }
});
