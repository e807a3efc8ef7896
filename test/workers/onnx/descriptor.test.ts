import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelSchema } from '../../../workers/onnx/descriptor.ts';
import { attribute, encode, mainGraph, tinyModel } from '../../fixtures/onnx.ts';
import { SHARED_MODELS, skipWithoutModels } from '../../fixtures/shared.ts';

test('fields that the descriptor does not know survive', () => {
  // Field 2000 of the model, a string: a later ONNX may have it.
  const unknown = Buffer.from([0x82, 0x7d, 5, ...Buffer.from('later')]);
  const decoded = fromBinary(ModelSchema, Buffer.concat([encode(tinyModel()), unknown]));
  assert.ok(Buffer.from(encode(decoded)).includes(unknown));
});

test('a field that was written as zero is written as zero again', () => {
  const model = tinyModel();
  mainGraph(model).node[0]?.attribute.push(attribute({ name: 'axis', type: 2, i: 0n }));
  const bytes = encode(model);
  assert.deepEqual(encode(fromBinary(ModelSchema, bytes)), bytes);
  assert.ok(Buffer.from(bytes).includes(Buffer.from([0x18, 0x00, 0xa0, 0x01, 0x02])), 'i = 0, then type = 2');
});

test('real models keep every byte, only their order may change', { skip: skipWithoutModels }, async () => {
  let files = 0;
  for (const pack of ['default', 'plus', 'anime']) {
    for (const file of await readdir(join(SHARED_MODELS, pack))) {
      const bytes = await readFile(join(SHARED_MODELS, pack, file));
      const model = fromBinary(ModelSchema, bytes);
      assert.equal(toBinary(ModelSchema, model).byteLength, bytes.byteLength, file);
      assert.ok(mainGraph(model).node.length > 0 && model.irVersion >= 3n, file);
      files += 1;
    }
  }
  assert.equal(files, 10);
});
