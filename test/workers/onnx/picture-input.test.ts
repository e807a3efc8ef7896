import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { test } from 'node:test';
import { GraphSchema, ModelSchema } from '../../../workers/onnx/descriptor.ts';
import type { ModelProto } from '../../../workers/onnx/descriptor.ts';
import { parseModel } from '../../../workers/onnx/model-file.ts';
import type { OnnxModel } from '../../../workers/onnx/model-file.ts';
import { fixedSize, pictureInput, standardOpset } from '../../../workers/onnx/picture-input.ts';
import { encode, mainGraph, tinyModel, valueInfo } from '../../fixtures/onnx.ts';

function parsed(spoil: (model: ModelProto) => void = () => {}, dims?: readonly (string | number)[]): OnnxModel {
  const model = tinyModel(dims);
  spoil(model);
  return parseModel(encode(model));
}

test('a picture is found with what of its size is fixed', () => {
  const { batch, channels, height, width } = pictureInput(parsed(undefined, ['N', 3, 0, 640]), 'input');
  assert.deepEqual([batch, channels, height, width].map(fixedSize), [null, 3, null, 640]);
});

test('channels that are free are three', () => {
  assert.equal(fixedSize(pictureInput(parsed(undefined, ['N', 'C', 'H', 'W']), 'input').channels), null);
});

test('the opset is that of the standard operators, under either name', () => {
  const opsets = (domain: string) => (m: ModelProto) => {
    const { opsetImport } = create(ModelSchema, {
      opsetImport: [
        { domain: 'com.microsoft', version: 1n },
        { domain, version: 17n },
      ],
    });
    m.opsetImport = opsetImport;
  };
  assert.equal(standardOpset(parsed(opsets(''))), 17);
  assert.equal(standardOpset(parsed(opsets('ai.onnx'))), 17);
  assert.throws(() => standardOpset(parsed(opsets('ai.onnx.ml'))), {
    code: 'model_failed',
    message: /standard operators/,
  });
});

for (const [name, message, spoil] of [
  ['an old opset', /opset 6; 7 is the oldest/, (m) => m.opsetImport.forEach((o) => (o.version = 6n))],
  ['no picture', /no input "input"; it has none/, (m) => mainGraph(m).input.splice(0)],
  ['an output of the same name', /both an input and an output/, (m) => mainGraph(m).output.push(...mainGraph(m).input)],
  [
    'two inputs',
    /further inputs: "size"/,
    (m) => mainGraph(m).input.push(...create(GraphSchema, { input: [valueInfo('size', [2])] }).input),
  ],
] as readonly (readonly [string, RegExp, (model: ModelProto) => void])[]) {
  test(`${name} is refused`, () => {
    assert.throws(() => pictureInput(parsed(spoil), 'input'), { code: 'model_failed', message });
  });
}
