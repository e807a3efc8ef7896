import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { describe, test } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { GraphSpec } from '../../../src/contract/manifest.ts';
import { DATA_TYPE, GraphSchema } from '../../../workers/onnx/descriptor.ts';
import type { ModelProto } from '../../../workers/onnx/descriptor.ts';
import { parseModel } from '../../../workers/onnx/model-file.ts';
import type { OnnxModel } from '../../../workers/onnx/model-file.ts';
import { prependPreprocessing } from '../../../workers/onnx/prepend.ts';
import { attribute, encode, mainGraph, node, tinyModel, tinySpec, valueInfo } from '../../fixtures/onnx.ts';

function prepended(model: ModelProto, input: Partial<GraphSpec['input']> = {}): OnnxModel {
  const parsed = parseModel(encode(model));
  prependPreprocessing(parsed, tinySpec(input).input);
  return parsed;
}

const operators = (model: OnnxModel): string[] => model.graph.node.map((n) => n.opType);

describe('only the steps that change something are added', () => {
  test('RGB without mean and std', () => {
    assert.deepEqual(operators(prepended(tinyModel())), ['Transpose', 'Cast', 'Mul']);
  });
  test('BGR', () => {
    assert.deepEqual(operators(prepended(tinyModel(), { color: 'bgr' })), ['Transpose', 'Gather', 'Cast', 'Mul']);
  });
  test('mean', () => {
    assert.deepEqual(operators(prepended(tinyModel(), { mean: [1, 0, 0] })), ['Transpose', 'Cast', 'Sub', 'Mul']);
  });
  test('std', () => {
    assert.deepEqual(operators(prepended(tinyModel(), { std: [1, 1, 2] })), ['Transpose', 'Cast', 'Mul', 'Mul']);
  });
});

test('the input becomes uint8 NHWC under its own name; free dimensions stay free', () => {
  const [input] = prepended(tinyModel(['N', 3, 'H', 640])).graph.input;
  assert.equal(input?.name, 'input');
  assert.equal(input.type?.tensorType?.elemType, DATA_TYPE.uint8);
  assert.deepEqual(
    input.type.tensorType.shape?.dim.map((d) => d.value.value),
    ['N', 'H', 640n, 3n],
  );
});

test('new names do not meet those of the graph', () => {
  const model = tinyModel();
  mainGraph(model).node.push(node({ opType: 'Identity', input: ['out'], output: ['facepool_pre_cast'] }));
  const { graph } = prepended(model, { mean: [1, 2, 3] });
  const outputs = graph.node.flatMap((n) => n.output);
  assert.equal(new Set(outputs).size, outputs.length);
  assert.ok(outputs.includes('facepool_pre1_cast'));
});

test('inner graphs that use the input get the prepared one', () => {
  const model = tinyModel();
  const inner = create(GraphSchema, { node: [{ opType: 'Identity', input: ['input'], output: ['inner_out'] }] });
  mainGraph(model).node.push(
    node({
      opType: 'If',
      input: ['c'],
      output: ['y'],
      attribute: [attribute({ name: 'then_branch', type: 5, g: inner })],
    }),
  );
  const { graph } = prepended(model);
  assert.deepEqual(graph.node.at(-1)?.attribute[0]?.g?.node[0]?.input, ['facepool_pre_cast']);
});

const UNFIT: readonly (readonly [string, RegExp, (model: ModelProto) => void])[] = [
  [
    'another input name',
    /no input "input"; it has "data"/,
    (m) => mainGraph(m).input.splice(0, 1, ...create(GraphSchema, { input: [valueInfo('data', [1, 3, 8, 8])] }).input),
  ],
  ['three dimensions', /has 3 dimensions/, (m) => replaceInput(m, valueInfo('input', [3, 8, 8]))],
  ['four channels', /has 4 channels/, (m) => replaceInput(m, valueInfo('input', [1, 4, 8, 8]))],
  ['half floats', /not float32/, (m) => replaceInput(m, valueInfo('input', [1, 3, 8, 8], DATA_TYPE.float16))],
  ['bytes already', /not float32/, (m) => replaceInput(m, valueInfo('input', [1, 3, 8, 8], DATA_TYPE.uint8))],
  ['no type', /not a tensor/, (m) => replaceInput(m, { name: 'input' })],
  [
    'a second input',
    /further inputs: "scale"/,
    (m) => mainGraph(m).input.push(...create(GraphSchema, { input: [valueInfo('scale', [1])] }).input),
  ],
  [
    'an input that is an output',
    /both an input and an output/,
    (m) => mainGraph(m).output.push(...create(GraphSchema, { output: [valueInfo('input', [1])] }).output),
  ],
  ['an old opset', /opset 6/, (m) => m.opsetImport.splice(0, 1, ...opsetOf(6n))],
];

function replaceInput(model: ModelProto, input: ReturnType<typeof valueInfo> | { name: string }): void {
  mainGraph(model).input = create(GraphSchema, { input: [input] }).input;
}

function opsetOf(version: bigint): ModelProto['opsetImport'] {
  const model = tinyModel();
  for (const opset of model.opsetImport) opset.version = version;
  return model.opsetImport;
}

describe('graphs that do not fit the manifest are refused', () => {
  for (const [name, detail, spoil] of UNFIT) {
    test(name, () => {
      const model = tinyModel();
      spoil(model);
      assert.throws(
        () => prepended(model),
        (error: unknown) =>
          error instanceof FacepoolError && error.code === 'model_failed' && detail.test(error.message),
      );
    });
  }
});

test('weights that are listed among the inputs are not taken for inputs', () => {
  const model = tinyModel();
  mainGraph(model).input.push(...create(GraphSchema, { input: [valueInfo('weights', [1, 3, 1, 1])] }).input);
  assert.equal(operators(prepended(model)).length, 3);
});

test('a std of zero is refused', () => {
  assert.throws(() => prepended(tinyModel(), { std: [1, 0, 1] }), /std of 0/);
});
