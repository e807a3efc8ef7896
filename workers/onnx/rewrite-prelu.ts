/**
 * PRelu as operators that onnxruntime runs fast on CPUs. Its PRelu kernel branches on every number, is never fused
 * into the Conv before it, and takes the graph out of the blocked layout around it.
 *
 *     one slope for all channels:  LeakyRelu(x, slope)     fused into the Conv
 *     slopes of at most 1:         Max(x, slope · x)
 *     anything else:               left as it is
 *
 * Both give the same numbers for every finite x. Whoever changes this raises IMPORTER_VERSION.
 */
import { create } from '@bufbuild/protobuf';
import { ATTRIBUTE_TYPE, AttributeSchema, DATA_TYPE, NodeSchema } from './descriptor.ts';
import type { GraphProto, NodeProto, TensorProto } from './descriptor.ts';
import { freePrefix } from './model-file.ts';
import type { OnnxModel } from './model-file.ts';

/** Max broadcasts from here, as PRelu and Mul do already. */
const LEAST_OPSET = 8;

/** Changes the nodes of the main graph in place; says how many it replaced. */
export function rewritePRelu(model: OnnxModel): number {
  const opset = model.opsetImport.find((o) => o.domain === '' || o.domain === 'ai.onnx');
  if (opset === undefined || opset.version < BigInt(LEAST_OPSET)) return 0;
  const { graph } = model;
  const constants = constantReader(graph);
  const prefix = freePrefix(graph, 'facepool_prelu');
  let replaced = 0;
  graph.node = graph.node.flatMap((node) => {
    const faster = isStandard(node, 'PRelu') ? replacement(node, constants, `${prefix}${replaced}`) : null;
    if (faster !== null) replaced++;
    return faster ?? [node];
  });
  return replaced;
}

function isStandard(node: NodeProto, opType: string): boolean {
  return node.opType === opType && (node.domain === '' || node.domain === 'ai.onnx');
}

type Constants = (name: string) => Float32Array | null;

function replacement(node: NodeProto, constants: Constants, unused: string): NodeProto[] | null {
  const [x, slope] = node.input;
  const [y] = node.output;
  const slopes = slope === undefined ? null : constants(slope);
  if (x === undefined || slope === undefined || y === undefined || slopes === null) return null;
  const [first] = slopes;
  if (first === undefined || !slopes.every((s) => Number.isFinite(s))) return null;
  if (slopes.every((s) => s === first)) {
    const alpha = create(AttributeSchema, { name: 'alpha', type: ATTRIBUTE_TYPE.float, f: first });
    return [create(NodeSchema, { name: node.name, opType: 'LeakyRelu', input: [x], output: [y], attribute: [alpha] })];
  }
  if (!slopes.every((s) => s <= 1)) return null;
  return [
    create(NodeSchema, { name: `${unused}_mul`, opType: 'Mul', input: [x, slope], output: [`${unused}_scaled`] }),
    create(NodeSchema, { name: node.name, opType: 'Max', input: [x, `${unused}_scaled`], output: [y] }),
  ];
}

/**
 * Reads float32 constants by name: initializers, and half-precision ones that a Cast widens. Null for anything else.
 * An initializer that is listed among the inputs is a default that nobody overrides here: workers feed the picture only.
 */
function constantReader(graph: GraphProto): Constants {
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

function elements(tensor: TensorProto): number {
  return Number(tensor.dims.reduce((product, dim) => product * dim, 1n));
}

function floats(tensor: TensorProto): Float32Array | null {
  const count = elements(tensor);
  if (tensor.floatData.length > 0)
    return tensor.floatData.length === count ? Float32Array.from(tensor.floatData) : null;
  return read(tensor, 4, count, (view, at) => view.getFloat32(at, true));
}

function halves(tensor: TensorProto): Float32Array | null {
  return read(tensor, 2, elements(tensor), (view, at) => fromHalf(view.getUint16(at, true)));
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
