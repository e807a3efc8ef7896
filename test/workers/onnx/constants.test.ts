import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantReader } from '../../../workers/onnx/constants.ts';
import { ATTRIBUTE_TYPE, DATA_TYPE } from '../../../workers/onnx/descriptor.ts';
import { attribute, mainGraph, node, tensor, tinyModel } from '../../fixtures/onnx.ts';

test('reads float32 numbers, however they are written, and nothing else', () => {
  const graph = mainGraph(tinyModel());
  const bytes = (values: Float32Array | Uint16Array): Uint8Array => new Uint8Array(values.buffer);
  const halves = Uint16Array.of(0x3c00, 0xb800, 0x0001, 0x7c00);
  const to = attribute({ name: 'to', type: ATTRIBUTE_TYPE.int, i: BigInt(DATA_TYPE.float) });
  graph.initializer = [
    tensor({ name: 'numbers', dims: [3n], dataType: DATA_TYPE.float, floatData: [1, -0.5, 3] }),
    tensor({ name: 'bytes', dims: [1n, 2n], dataType: DATA_TYPE.float, rawData: bytes(Float32Array.of(0.25, 7)) }),
    tensor({ name: 'cut off', dims: [2n], dataType: DATA_TYPE.float, rawData: new Uint8Array(7) }),
    tensor({ name: 'too few', dims: [2n], dataType: DATA_TYPE.float, floatData: [1] }),
    tensor({ name: 'integers', dims: [1n], dataType: DATA_TYPE.int64, int64Data: [1n] }),
    tensor({ name: 'half', dims: [4n], dataType: DATA_TYPE.float16, rawData: bytes(halves) }),
  ];
  graph.node.unshift(node({ opType: 'Cast', input: ['half'], output: ['widened'], attribute: [to] }));
  const read = constantReader(graph);
  assert.deepEqual(read('numbers'), Float32Array.of(1, -0.5, 3));
  assert.deepEqual(read('bytes'), Float32Array.of(0.25, 7));
  assert.deepEqual(read('widened'), Float32Array.of(1, -0.5, 2 ** -24, Number.POSITIVE_INFINITY));
  for (const name of ['cut off', 'too few', 'integers', 'half', 'input', 'nowhere'])
    assert.equal(read(name), null, name);
});
