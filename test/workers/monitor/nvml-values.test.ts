import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NvmlError } from '../../../workers/monitor/nvml-codes.ts';
import { percent, readLong, readText, readWord, terminated, told } from '../../../workers/monitor/nvml-values.ts';
import type { NvmlArgument } from '../../../workers/monitor/nvml-api.ts';

/** A call that writes `value` and returns `code`. */
const call =
  (code: number, value: number | bigint | string) =>
  (...args: NvmlArgument[]): number => {
    for (const out of args) {
      if (out instanceof BigUint64Array) out[0] = BigInt(value);
      else if (out instanceof Uint32Array) out[0] = Number(value);
      else if (out instanceof Uint8Array) new TextEncoder().encodeInto(`${value}\0`, out);
    }
    return code;
  };

test('values as they are told', () => {
  assert.equal(readWord(call(0, 4_294_967_295), 1n), 4_294_967_295);
  assert.equal(readLong(call(0, 2n ** 63n), 1n), 2n ** 63n);
  assert.equal(readText(call(0, 'NVIDIA Größe'), 1n), 'NVIDIA Größe');
  assert.equal(terminated(Uint8Array.of(65, 66)), 'AB');
});

test('what is not supported, not allowed, not found or not in the library is null', () => {
  for (const code of [2, 3, 4, 6, 13, 999]) {
    assert.equal(readWord(call(code, 7), 1n), null);
    assert.equal(readLong(call(code, 7), 1n), null);
    assert.equal(readText(call(code, 'x'), 1n), null);
  }
  assert.equal(readWord(null, 1n), null);
});

test('a code that speaks for card or driver is thrown', () => {
  for (const code of [1, 9, 15, 16, 18]) {
    assert.throws(
      () => readWord(call(code, 7), 1n),
      (error) => error instanceof NvmlError && error.code === code,
    );
  }
  assert.equal(told(0), true);
  assert.equal(told(3), false);
});

test('percentages beyond 100 are rubbish', () => {
  assert.deepEqual([0, 100, 101, null].map(percent), [0, 100, null, null]);
});
