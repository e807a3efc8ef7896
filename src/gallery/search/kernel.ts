/**
 * The first pass of a search, in WebAssembly: which of many rows may be alike enough, told from 8-bit codes.
 * Rows are read a quarter as wide as the vectors, and a sum of 16-bit products takes one instruction for eight numbers;
 * what it lets through is computed again from the vectors themselves, so nothing is lost (quantise.ts has the proof).
 */
import { doWhile, f32x4, get, i32, i32x4, moduleOf, numbered, set, v128, when } from './assembler.ts';
import type { Code, ValueType } from './assembler.ts';

/** Rows are looked at four at a time. */
export const ROW_GROUP = 4;
/** Rows are as wide as a multiple of this, in numbers. */
export const COLUMN_GROUP = 16;
/** One entry of the output: the upper bounds of four rows (f32), then the number of the first. */
export const ENTRY_BYTES = 20;

const ROWS = [0, 1, 2, 3] as const;
const PARAMS = {
  /** Addresses: codes (i8, `width` a row), scales and radii (f32 a row), the query's codes (i16), the output. */
  codes: 'i32',
  scales: 'i32',
  radii: 'i32',
  /** A multiple of ROW_GROUP, more than 0. */
  rows: 'i32',
  /** A multiple of COLUMN_GROUP. */
  width: 'i32',
  query: 'i32',
  /** Of the query: its scale and its norm. */
  scale: 'f32',
  norm: 'f32',
  /** Rows whose upper bound is below this are left out. */
  floor: 'f32',
  out: 'i32',
} as const satisfies Record<string, ValueType>;
const LOCALS = {
  row: 'i32',
  at: 'i32',
  end: 'i32',
  row0: 'i32',
  row1: 'i32',
  row2: 'i32',
  row3: 'i32',
  part: 'v128',
  sum0: 'v128',
  sum1: 'v128',
  sum2: 'v128',
  sum3: 'v128',
  bound: 'v128',
} as const satisfies Record<string, ValueType>;

function body(): Code {
  const l = numbered(PARAMS, LOCALS);
  const rows = [l.row0, l.row1, l.row2, l.row3];
  const sums = [l.sum0, l.sum1, l.sum2, l.sum3];
  const local = (list: readonly number[], i: number): number => list[i] ?? 0;
  const step = (variable: number, by: number | Code): Code =>
    set(variable, i32.add(get(variable), typeof by === 'number' ? i32.const(by) : by));
  /** Eight columns of four rows. */
  const eight = (offset: number): Code => [
    ...set(l.part, v128.load(get(l.at), 2 * offset)),
    ...ROWS.flatMap((i) => {
      const product = i32x4.dotI16(get(l.part), v128.load8x8(get(local(rows, i)), offset));
      return set(local(sums, i), i32x4.add(get(local(sums, i)), product));
    }),
  ];
  /** Two vectors of four sums each → a0+a2, b0+b2, a1+a3, b1+b3. */
  const fold = (a: Code, b: Code): Code => i32x4.add(v128.lanes([0, 4, 1, 5], a, b), v128.lanes([2, 6, 3, 7], a, b));
  const folded = (i: number): Code => fold(get(local(sums, i)), get(local(sums, i + 1)));
  /** The four rows' sums, one lane each, once both pairs are folded. */
  const halves = [get(l.sum0), get(l.sum2)] as const;
  const dots = i32x4.add(v128.lanes([0, 1, 4, 5], ...halves), v128.lanes([2, 3, 6, 7], ...halves));
  const ofRows = (address: number): Code => v128.load(i32.add(get(address), i32.shl(get(l.row), i32.const(2))));
  const bound = f32x4.add(
    f32x4.mul(f32x4.mul(f32x4.fromI32(dots), f32x4.splat(get(l.scale))), ofRows(l.scales)),
    f32x4.mul(f32x4.splat(get(l.norm)), ofRows(l.radii)),
  );
  return [
    ...set(l.row0, get(l.codes)),
    ...set(l.end, i32.add(get(l.query), i32.shl(get(l.width), i32.const(1)))),
    ...doWhile(
      i32.ltU(get(l.row), get(l.rows)),
      ...[1, 2, 3].map((i) => set(local(rows, i), i32.add(get(local(rows, i - 1)), get(l.width)))),
      ...sums.map((sum) => set(sum, v128.zero)),
      set(l.at, get(l.query)),
      doWhile(
        i32.ltU(get(l.at), get(l.end)),
        eight(0),
        eight(8),
        ...rows.map((row) => step(row, COLUMN_GROUP)),
        step(l.at, 2 * COLUMN_GROUP),
      ),
      set(l.sum0, folded(0)),
      set(l.sum2, folded(2)),
      set(l.bound, bound),
      when(
        v128.anyTrue(f32x4.ge(get(l.bound), f32x4.splat(get(l.floor)))),
        v128.store(get(l.out), get(l.bound)),
        i32.store(get(l.out), get(l.row), 16),
        step(l.out, ENTRY_BYTES),
      ),
      step(l.row, ROW_GROUP),
      // The last of the four ends where the next four begin.
      set(l.row0, get(l.row3)),
    ),
    ...get(l.out),
  ];
}

/** Arguments as in PARAMS, in this order. @returns where the output ends */
export type Kernel = (
  codes: number,
  scales: number,
  radii: number,
  rows: number,
  width: number,
  query: number,
  scale: number,
  norm: number,
  floor: number,
  out: number,
) => number;

let module: WebAssembly.Module | undefined;

/** The kernel over one shared memory. */
export function kernelOver(memory: WebAssembly.Memory): Kernel {
  module ??= new WebAssembly.Module(moduleOf(PARAMS, LOCALS, body()));
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  if (typeof run !== 'function') throw new Error('the kernel has no function');
  return run as Kernel;
}
