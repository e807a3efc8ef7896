import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AttributeSchema, DATA_TYPE, GraphSchema, ModelSchema } from '../../../workers/onnx/descriptor.ts';
import type { ModelProto } from '../../../workers/onnx/descriptor.ts';
import { parseModel } from '../../../workers/onnx/model-file.ts';
import { NEWEST_IR, NEWEST_OPSETS, checkSupported } from '../../../workers/onnx/supported.ts';
import type { ModelFacts } from '../../../workers/onnx/supported.ts';
import { openSession } from '../../../workers/session.ts';
import { attribute, encode, mainGraph, node, tensor, tinyModel } from '../../fixtures/onnx.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

function check(spoil: (model: ModelProto) => void, fileBytes?: number): ModelFacts {
  const model = tinyModel();
  spoil(model);
  const bytes = encode(model);
  return checkSupported(parseModel(bytes), fileBytes ?? bytes.byteLength);
}

const weights = (init: Parameters<typeof tensor>[0]) => (m: ModelProto) => {
  mainGraph(m).initializer.push(tensor({ name: 'w', dataType: DATA_TYPE.float, ...init }));
};
const refused = (spoil: (model: ModelProto) => void, message: RegExp): void =>
  assert.throws(() => check(spoil), { code: 'model_failed', message });

test('a sound model is described', () => {
  assert.deepEqual(
    check(() => {}),
    { irVersion: 7, opset: 13, nodes: 1, parameters: 3 },
  );
});

test('operators and weights are counted wherever they are', () => {
  const inner = create(GraphSchema, {
    node: [{ opType: 'Identity' }, { opType: 'Identity' }],
    initializer: [{ name: 'i', dims: [2n, 2n], dataType: DATA_TYPE.float, rawData: new Uint8Array(16) }],
  });
  const facts = check((m) => {
    mainGraph(m).node.push(node({ opType: 'If', attribute: [attribute({ name: 'then_branch', g: inner })] }));
    const value = attribute({ name: 'value', t: tensor({ dims: [5n], dataType: 2, rawData: new Uint8Array(5) }) });
    m.functions.push(
      ...create(ModelSchema, { functions: [{ node: [{ opType: 'Constant', attribute: [value] }] }] }).functions,
    );
  });
  assert.deepEqual([facts.nodes, facts.parameters], [5, 3 + 4 + 5]);
});

test('tensors hold what their shapes say', () => {
  assert.equal(
    check(weights({ dims: [3n], dataType: 22, rawData: new Uint8Array(2) })).parameters,
    6,
    'three of four bits',
  );
  assert.equal(check(weights({ dims: [], rawData: new Uint8Array(4) })).parameters, 4, 'one number');
  assert.equal(check(weights({ dims: [0n, 7n] })).parameters, 3, 'nothing');
  refused(weights({ dims: [4n], rawData: new Uint8Array(15) }), /declares 4 numbers, which are 16 bytes, and holds 15/);
  refused(weights({ dims: [1n << 40n] }), /declares 1099511627776 numbers, more than the file can hold/);
  refused(weights({ dims: [1n << 32n, 1n << 32n] }), /more than the file can hold/);
  refused(weights({ dims: [-1n, 4n] }), /declares -1 × 4 numbers/);
});

test('sparse weights are refused: their full size is not seen', () => {
  const sparse = create(AttributeSchema, { sparseTensor: { values: { dims: [1n] } } });
  refused((m) => mainGraph(m).node[0]?.attribute.push(sparse), /sparse/);
  refused((m) => {
    mainGraph(m).sparseInitializer = create(GraphSchema, { sparseInitializer: [{}] }).sparseInitializer;
  }, /sparse/);
});

test('too many operators are no face model', () => {
  refused((m) => {
    mainGraph(m).node = Array.from({ length: 100_001 }, () => node({ opType: 'Identity' }));
  }, /more than 100000 operators/);
});

test('a domain that no operator uses is no harm, of whatever version', () => {
  const foreign = create(ModelSchema, { opsetImport: [{ domain: 'com.example', version: 99n }] }).opsetImport;
  assert.equal(check((m) => void m.opsetImport.push(...foreign)).opset, 13);
});

/** The limits are the runtime's: it reads what is allowed here, and not the next. */
test('the runtime reads the newest that is allowed, and nothing newer', async (t) => {
  const path = join(tempDir(t), 'model.onnx');
  const loads = async (spoil: (model: ModelProto) => void): Promise<boolean> => {
    const model = tinyModel();
    spoil(model);
    await writeFile(path, encode(model));
    return openSession(path, { threads: 1 }).then(
      async (session) => {
        await session.release();
        return true;
      },
      () => false,
    );
  };
  const ir = (version: number) => (m: ModelProto) => void (m.irVersion = BigInt(version));
  assert.equal(await loads(ir(NEWEST_IR)), true);
  assert.equal(await loads(ir(NEWEST_IR + 1)), false);
  refused(ir(NEWEST_IR + 1), /IR version 14; 1 to 13 are read/);
  for (const [domain, newest] of NEWEST_OPSETS) {
    const opset = (version: number) => (m: ModelProto) => {
      const others = m.opsetImport.filter((o) => domain !== '' && domain !== 'ai.onnx' && o.domain !== domain);
      const added = create(ModelSchema, { opsetImport: [{ domain, version: BigInt(version) }] }).opsetImport;
      m.opsetImport = [...others, ...added];
    };
    assert.equal(await loads(opset(newest)), true, domain);
    // The runtime does not look at the version of the standard operators under their long name.
    if (domain !== 'ai.onnx') assert.equal(await loads(opset(newest + 1)), false, domain);
    refused(opset(newest + 1), new RegExp(`opset ${newest + 1}`));
  }
});
