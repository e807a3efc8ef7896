/** The same search with 32-bit numbers in WebAssembly: what the codes of eight bits are compared with. */
import { doWhile, f32x4, get, i32, moduleOf, numbered, set, v128 } from '../../src/gallery/search/assembler.ts';
import type { Code, ValueType } from '../../src/gallery/search/assembler.ts';
import type { PeopleVectors } from './people-vectors.ts';

const PARAMS = {
  vectors: 'i32',
  rows: 'i32',
  bytes: 'i32',
  query: 'i32',
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
} as const satisfies Record<string, ValueType>;
const PAGE_BYTES = 65_536;

function body(): Code {
  const l = numbered(PARAMS, LOCALS);
  const rows = [l.row0, l.row1, l.row2, l.row3].map((row, i) => ({
    row,
    sum: [l.sum0, l.sum1, l.sum2, l.sum3][i] ?? 0,
  }));
  const step = (variable: number, by: Code): Code => set(variable, i32.add(get(variable), by));
  const fold = (a: Code, b: Code): Code => f32x4.add(v128.lanes([0, 4, 1, 5], a, b), v128.lanes([2, 6, 3, 7], a, b));
  const halves = [get(l.sum0), get(l.sum2)] as const;
  const four = (offset: number): Code => [
    ...set(l.part, v128.load(get(l.at), offset)),
    ...rows.flatMap(({ row, sum }) =>
      set(sum, f32x4.add(get(sum), f32x4.mul(get(l.part), v128.load(get(row), offset)))),
    ),
  ];
  return [
    ...set(l.row0, get(l.vectors)),
    ...set(l.end, i32.add(get(l.query), get(l.bytes))),
    ...doWhile(
      i32.ltU(get(l.row), get(l.rows)),
      set(l.row1, i32.add(get(l.row0), get(l.bytes))),
      set(l.row2, i32.add(get(l.row1), get(l.bytes))),
      set(l.row3, i32.add(get(l.row2), get(l.bytes))),
      ...rows.map(({ sum }) => set(sum, v128.zero)),
      set(l.at, get(l.query)),
      doWhile(
        i32.ltU(get(l.at), get(l.end)),
        four(0),
        four(16),
        ...rows.map(({ row }) => step(row, i32.const(32))),
        step(l.at, i32.const(32)),
      ),
      set(l.sum0, fold(get(l.sum0), get(l.sum1))),
      set(l.sum2, fold(get(l.sum2), get(l.sum3))),
      v128.store(get(l.out), f32x4.add(v128.lanes([0, 1, 4, 5], ...halves), v128.lanes([2, 3, 6, 7], ...halves))),
      step(l.out, i32.const(16)),
      step(l.row, i32.const(4)),
      set(l.row0, get(l.row3)),
    ),
    ...i32.const(0),
  ];
}

/** Nearest face of a query, on this thread. The number of faces is a multiple of four, the dimension of eight. */
export function floatSearch({ vectors, dim, count }: PeopleVectors): (query: Float32Array) => number {
  const module = new WebAssembly.Module(moduleOf(PARAMS, LOCALS, body()));
  const [query, out] = [0, PAGE_BYTES];
  const rows = Math.ceil((out + count * 4) / PAGE_BYTES) * PAGE_BYTES;
  const pages = Math.ceil((rows + count * dim * 4) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  if (typeof run !== 'function') throw new Error('no function');
  new Float32Array(memory.buffer, rows, count * dim).set(vectors);
  const asked = new Float32Array(memory.buffer, query, dim);
  const cosines = new Float32Array(memory.buffer, out, count);
  return (vector) => {
    asked.set(vector);
    run(rows, count, dim * 4, query, out);
    let nearest = 0;
    for (let i = 1; i < count; i++) if ((cosines[i] ?? 0) > (cosines[nearest] ?? 0)) nearest = i;
    return nearest;
  };
}
