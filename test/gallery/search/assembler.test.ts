import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  doWhile,
  f32x4,
  get,
  i32,
  i32x4,
  moduleOf,
  numbered,
  set,
  signed,
  unsigned,
  v128,
  when,
} from '../../../src/gallery/search/assembler.ts';
import type { Code, ValueType } from '../../../src/gallery/search/assembler.ts';

type Types = Readonly<Record<string, ValueType>>;

/** Runs a function over 64 KB of memory that `fill` has prepared. */
function run(
  params: Types,
  locals: Types,
  body: Code,
  args: readonly number[],
  fill: (buffer: SharedArrayBuffer) => void = () => {},
): { readonly result: number; readonly buffer: SharedArrayBuffer } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  fill(memory.buffer);
  const module = new WebAssembly.Module(moduleOf(params, locals, body));
  const { run: call } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  if (typeof call !== 'function') throw new Error('nothing exported');
  return { result: Number(call(...args)), buffer: memory.buffer };
}

describe('the assembler', () => {
  it('writes numbers as LEB128', () => {
    const cases: readonly (readonly [number, readonly number[]])[] = [
      [0, [0]],
      [127, [0x7f]],
      [128, [0x80, 0x01]],
      [624_485, [0xe5, 0x8e, 0x26]],
      [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
    ];
    for (const [value, bytes] of cases) assert.deepEqual(unsigned(value), bytes);
    for (const value of [0, 1, -1, 63, 64, -64, -65, 123_456, -123_456, 2 ** 31 - 1, -(2 ** 31)]) {
      const { result } = run({}, {}, i32.const(value), []);
      assert.equal(result, value, signed(value).join(' '));
    }
  });

  it('numbers locals after parameters', () => {
    assert.deepEqual(numbered({ a: 'i32', b: 'f32' }, { c: 'v128' }), { a: 0, b: 1, c: 2 });
  });

  it('adds, shifts, compares and repeats', () => {
    const next = set(0, i32.add(get(0), i32.const(3)));
    const body = [...doWhile(i32.ltU(get(0), get(1)), next, set(2, i32.shl(get(0), i32.const(2)))), ...get(2)];
    const params: Types = { at: 'i32', end: 'i32' };
    const locals: Types = { quadruple: 'i32' };
    assert.equal(run(params, locals, body, [0, 10]).result, 48);
    assert.equal(run(params, locals, body, [2 ** 31 - 5, 2 ** 31 + 4]).result, 16, 'compared as unsigned');
  });

  it('multiplies sixteen-bit numbers with bytes and adds neighbours', () => {
    const product = i32x4.add(i32x4.dotI16(v128.load(i32.const(0)), v128.load8x8(i32.const(16), 8)), v128.zero);
    const { buffer } = run({}, {}, [...v128.store(i32.const(32), product), ...i32.const(0)], [], (memory) => {
      new Int16Array(memory, 0, 8).set([1, -2, 300, 4, 5, 6, 32_767, -32_767]);
      new Int8Array(memory, 24, 8).set([1, 2, -3, 4, 5, 6, 127, -127]);
    });
    assert.deepEqual([...new Int32Array(buffer, 32, 4)], [-3, -884, 61, 2 * 127 * 32_767]);
  });

  it('chooses lanes, and does something only when one lane is true', () => {
    const chosen = v128.lanes([0, 7, 2, 5], v128.load(i32.const(0)), v128.load(i32.const(0), 16));
    const sum = f32x4.add(f32x4.mul(f32x4.fromI32(chosen), f32x4.splat(get(0))), f32x4.splat(get(0)));
    const body = [
      ...when(v128.anyTrue(f32x4.ge(sum, f32x4.splat(get(1)))), v128.store(i32.const(32), sum, 16)),
      ...i32.store(i32.const(0), i32.const(-7), 4),
      ...i32.const(0),
    ];
    const fill = (memory: SharedArrayBuffer): void => new Int32Array(memory, 0, 8).set([1, 2, 3, 4, 5, 6, 7, 8]);
    const params: Types = { by: 'f32', least: 'f32' };
    const high = run(params, {}, body, [0.5, 4.5], fill);
    assert.deepEqual([...new Float32Array(high.buffer, 48, 4)], [1, 4.5, 2, 3.5]);
    assert.equal(new Int32Array(high.buffer)[1], -7);
    const low = run(params, {}, body, [0.5, 4.6], fill);
    assert.deepEqual([...new Float32Array(low.buffer, 48, 4)], [0, 0, 0, 0]);
  });
});
