import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { ModelProto } from '../../../workers/onnx/descriptor.ts';
import { GraphSchema, ModelSchema } from '../../../workers/onnx/descriptor.ts';
import { create } from '@bufbuild/protobuf';
import { parseModel, readModel } from '../../../workers/onnx/model-file.ts';
import { attribute, encode, mainGraph, node, tensor, tinyModel } from '../../fixtures/onnx.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

/** Matches a FacepoolError of the importer with this detail. */
function refusal(detail: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof FacepoolError);
    assert.equal(error.code, 'model_failed');
    assert.match(error.message, detail);
    return true;
  };
}

const external = tensor({ name: 'w', externalData: [{ key: 'location', value: '/etc/passwd' }], dataLocation: 1 });
const custom = node({ opType: 'Evil', domain: 'com.example', output: ['x'] });

const HOSTILE: readonly (readonly [string, RegExp, (model: ModelProto) => void])[] = [
  ['external weights', /"w" are in another file/, (m) => mainGraph(m).initializer.push(external)],
  [
    'external data without the location flag',
    /in another file/,
    (m) => mainGraph(m).initializer.push(tensor({ name: 'w', externalData: [{ key: 'location', value: 'x' }] })),
  ],
  [
    'external weights in an attribute',
    /in another file/,
    (m) => mainGraph(m).node[0]?.attribute.push(attribute({ name: 'value', t: external })),
  ],
  [
    'external weights in a sparse tensor',
    /in another file/,
    (m) => {
      const { sparseInitializer } = create(GraphSchema, { sparseInitializer: [{ values: external }] });
      mainGraph(m).sparseInitializer.push(...sparseInitializer);
    },
  ],
  ['a custom operator', /domain "com\.example"/, (m) => mainGraph(m).node.push(custom)],
  [
    'a custom operator in an inner graph',
    /domain "com\.example"/,
    (m) => {
      const inner = create(GraphSchema, { node: [custom] });
      mainGraph(m).node[0]?.attribute.push(attribute({ name: 'body', g: inner }));
    },
  ],
  [
    'a custom operator in a function',
    /domain "com\.example"/,
    (m) => m.functions.push(...create(ModelSchema, { functions: [{ name: 'f', node: [custom] }] }).functions),
  ],
  [
    'external weights in a graph in a function',
    /in another file/,
    (m) => {
      const inner = create(GraphSchema, { node: [{ opType: 'Identity' }], initializer: [external] });
      const holder = node({ opType: 'If', attribute: [attribute({ name: 'then_branch', g: inner })] });
      m.functions.push(...create(ModelSchema, { functions: [{ name: 'f', node: [holder] }] }).functions);
    },
  ],
  [
    'training information',
    /training/,
    (m) => m.trainingInfo.push(...create(ModelSchema, { trainingInfo: [{}] }).trainingInfo),
  ],
  ['no operator set', /operator set/, (m) => m.opsetImport.splice(0)],
  ['no nodes', /no graph/, (m) => mainGraph(m).node.splice(0)],
];

describe('hostile models are refused', () => {
  for (const [name, detail, spoil] of HOSTILE) {
    test(name, () => {
      const model = tinyModel();
      spoil(model);
      assert.throws(() => parseModel(encode(model)), refusal(detail));
    });
  }

  test('garbage', () => {
    for (const bytes of [Buffer.from('<!doctype html>'), Buffer.alloc(64, 0xff), Buffer.alloc(0)]) {
      assert.throws(() => parseModel(bytes), refusal(/not an ONNX model/));
    }
  });

  test('a model that was cut off', () => {
    assert.throws(() => parseModel(encode(tinyModel()).subarray(0, 60)), refusal(/not an ONNX model/));
  });

  test('graphs within graphs within graphs', () => {
    let inner = create(GraphSchema, { node: [{ opType: 'Identity' }] });
    for (let i = 0; i < 200; i++) {
      inner = create(GraphSchema, { node: [{ opType: 'If', attribute: [{ name: 'then_branch', g: inner }] }] });
    }
    const model = tinyModel();
    mainGraph(model).node[0]?.attribute.push(attribute({ name: 'body', g: inner }));
    assert.throws(() => parseModel(encode(model)), refusal(/not an ONNX model/));
  });
});

test('a sound model is read from its file', async (t) => {
  const path = join(tempDir(t), 'tiny.onnx');
  await writeFile(path, encode(tinyModel()));
  assert.equal((await readModel(path)).graph.node[0]?.opType, 'Mul');
});

test('a file over 2 GB is refused before it is read', async (t) => {
  const path = join(tempDir(t), 'large.onnx');
  const file = await open(path, 'w');
  await file.truncate(2 ** 31);
  await file.close();
  await assert.rejects(readModel(path), refusal(/2 GB/));
});

test('a file that is not there is refused without its path', async () => {
  await assert.rejects(readModel('/nowhere/secret.onnx'), (error: unknown) => {
    assert.ok(error instanceof FacepoolError);
    assert.doesNotMatch(error.message, /nowhere/);
    return true;
  });
});
