/** Numbers of a graph that are written in its file. */
import { DATA_TYPE } from './descriptor.ts';
import type { GraphProto, NodeProto, TensorProto } from './descriptor.ts';

/** Of a name; null where that is no float32 constant. */
export type Constants = (name: string) => Float32Array | null;

export function isStandard(node: NodeProto, opType: string): boolean {
  return node.opType === opType && (node.domain === '' || node.domain === 'ai.onnx');
}

/**
 * Reads float32 constants by name: initializers, and half-precision ones that a Cast widens. Null for anything else.
 * An initializer that is listed among the inputs is a default that nobody overrides here: workers feed the picture only.
 */
export function constantReader(graph: GraphProto): Constants {
  const tensors = new Map(graph.initializer.map((t) => [t.name, t]));
  const widened = new Map(graph.node.filter(widensToFloat).map((n) => [n.output[0] ?? '', n.input[0] ?? '']));
  return (name) => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return tensor.dataType === DATA_TYPE.float ? floats(tensor) : null;
    const half = tensors.get(widened.get(name) ?? '');
    return half?.dataType === DATA_TYPE.float16 ? halves(half) : null;
  };
}

function widensToFloat(node: NodeProto): boolean {
  return isStandard(node, 'Cast') && node.attribute.some((a) => a.name === 'to' && a.i === BigInt(DATA_TYPE.float));
}

/** Numbers in a tensor of this shape; one where it has none. */
export function elementCount(dims: readonly bigint[]): bigint {
  return dims.reduce((product, dim) => product * dim, 1n);
}

function floats(tensor: TensorProto): Float32Array | null {
  const count = Number(elementCount(tensor.dims));
  // The runtime takes the bytes where a file has both.
  if (tensor.rawData.length === 0 && tensor.floatData.length > 0)
    return tensor.floatData.length === count ? Float32Array.from(tensor.floatData) : null;
  return read(tensor, 4, count, (view, at) => view.getFloat32(at, true));
}

function halves(tensor: TensorProto): Float32Array | null {
  return read(tensor, 2, Number(elementCount(tensor.dims)), (view, at) => fromHalf(view.getUint16(at, true)));
}

/** From raw bytes; null when there are not as many as the shape says. */
function read(
  { rawData }: TensorProto,
  size: number,
  count: number,
  at: (view: DataView, offset: number) => number,
): Float32Array | null {
  if (rawData.length !== count * size) return null;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Float32Array.from({ length: count }, (_, i) => at(view, i * size));
}

/** IEEE 754 half precision. */
function fromHalf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
