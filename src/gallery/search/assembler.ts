/**
 * The few pieces of WebAssembly's binary format that the search's kernel is made of, as functions that nest like the text
 * format: `i32x4.add(get(a), get(b))`. A library that reads .wat takes 5 MB and 40 ms of the event loop for 600 bytes.
 */

/** Instructions that leave at most one value on the stack. */
export type Code = readonly number[];
export type ValueType = keyof typeof VALUE_TYPES;

const VALUE_TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
const SIMD = 0xfd;

/** LEB128 of 0 … 2³² − 1. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** LEB128 of a signed 32-bit number. */
export function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

const op =
  (code: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), code];
const simd =
  (code: number, immediate: Code = []) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), SIMD, ...unsigned(code), ...immediate];
/** Bytes of the natural alignment as a power of two, then the offset. */
const memory = (align: number, offset: number): Code => [...unsigned(align), ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: op(0x6a),
  shl: op(0x74),
  ltU: op(0x49),
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x36, ...memory(2, offset)],
};

export const v128 = {
  zero: simd(0x0c, new Array<number>(16).fill(0))(),
  load: (address: Code, offset = 0): Code => simd(0x00, memory(4, offset))(address),
  /** Eight signed bytes as eight 16-bit numbers. */
  load8x8: (address: Code, offset = 0): Code => simd(0x01, memory(3, offset))(address),
  store: (address: Code, value: Code, offset = 0): Code => simd(0x0b, memory(4, offset))(address, value),
  anyTrue: simd(0x53),
  /** 32-bit lanes by number: 0 … 3 of `a`, 4 … 7 of `b`. */
  lanes: (lanes: readonly [number, number, number, number], a: Code, b: Code): Code =>
    simd(
      0x0d,
      lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
    )(a, b),
};

export const i32x4 = {
  add: simd(0xae),
  /** Products of 16-bit numbers, neighbours added: four 32-bit sums. */
  dotI16: simd(0xba),
};

export const f32x4 = {
  splat: simd(0x13),
  ge: simd(0x46),
  add: simd(0xe4),
  mul: simd(0xe6),
  fromI32: simd(0xfa),
};

/** Repeats the body as long as the condition, looked at after it, holds. */
export function doWhile(condition: Code, ...body: readonly Code[]): Code {
  return [0x03, 0x40, ...body.flat(), ...condition, 0x0d, 0x00, 0x0b];
}

export function when(condition: Code, ...body: readonly Code[]): Code {
  return [...condition, 0x04, 0x40, ...body.flat(), 0x0b];
}

/** Locals by name, numbered in order: parameters first. */
export function numbered<P extends string, L extends string>(
  params: Readonly<Record<P, ValueType>>,
  locals: Readonly<Record<L, ValueType>>,
): Readonly<Record<P | L, number>> {
  const names = [...Object.keys(params), ...Object.keys(locals)];
  return Object.fromEntries(names.map((name, i) => [name, i])) as Record<P | L, number>;
}

const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
const text = (name: string): Code => sized([...Buffer.from(name)]);
const section = (id: number, ...entries: readonly Code[]): Code => [
  id,
  ...sized([...unsigned(entries.length), ...entries.flat()]),
];

/** A module with one function, `run`, whose result is an i32; it imports the shared memory `env.memory`. */
export function moduleOf(
  params: Readonly<Record<string, ValueType>>,
  locals: Readonly<Record<string, ValueType>>,
  body: Code,
): Uint8Array<ArrayBuffer> {
  const types = Object.values(params).map((type) => VALUE_TYPES[type]);
  const declared = Object.values(locals).map((type) => [1, VALUE_TYPES[type]]);
  const shared = [0x03, ...unsigned(1), ...unsigned(65_536)];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [0x60, ...sized(types), 1, VALUE_TYPES.i32]),
    ...section(2, [...text('env'), ...text('memory'), 0x02, ...shared]),
    ...section(3, [0]),
    ...section(7, [...text('run'), 0x00, 0]),
    ...section(10, sized([...unsigned(declared.length), ...declared.flat(), ...body, 0x0b])),
  ]);
}
