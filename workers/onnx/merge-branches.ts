/**
 * The heads of a detector are branches that begin at one tensor, each a small convolution and one per channel after it
 * (depthwise separable). With 1, 4 or 10 channels they fill no vector register and leave the blocked layout; side by side
 * in one convolution they are as wide as a register, and their input is read once.
 *
 *     x → Conv(1) → depthwise Conv → cls          x → Conv(1 + 1 + 4 + 10) → depthwise Conv → Split → cls
 *     x → Conv(1) → depthwise Conv → obj                                                           → obj
 *     x → Conv(4) → depthwise Conv → bbox                                                          → bbox
 *
 * Every channel is computed from the same numbers as before. Whoever changes this raises IMPORTER_VERSION.
 */
import { create } from '@bufbuild/protobuf';
import { constantReader, isStandard } from './constants.ts';
import type { Constants } from './constants.ts';
import { ATTRIBUTE_TYPE, AttributeSchema, DATA_TYPE, NodeSchema, TensorSchema } from './descriptor.ts';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from './descriptor.ts';
import { allGraphs, freePrefix } from './model-file.ts';
import type { OnnxModel } from './model-file.ts';
import { standardOpset } from './picture-input.ts';

/** From here the sizes of a Split are an input. */
const SPLIT_SIZES_ARE_INPUT = 13;

/** Not auto_pad, which old exporters wrote. */
const ATTRIBUTES: ReadonlySet<string> = new Set(['dilations', 'group', 'kernel_shape', 'pads', 'strides']);

type Weights = { readonly dims: readonly bigint[]; readonly values: Float32Array; readonly bias: Float32Array };
type Layer = { readonly node: NodeProto; readonly weights: Weights };
type Branch = { readonly first: Layer; readonly second: Layer };

/** Changes the main graph in place; says how many branches it merged. */
export function mergeBranches(model: OnnxModel): number {
  const { graph } = model;
  const prefix = freePrefix(graph, 'facepool_merged');
  const sizesAreInput = standardOpset(model) >= SPLIT_SIZES_ARE_INPUT;
  const groups = siblings(graph);
  /** What stands for a node now. Where the first branch began, the tensor that they share is there already. */
  const instead = new Map<NodeProto, NodeProto[]>();
  for (const [n, branches] of groups.entries()) {
    const { nodes, initializers } = merge(branches, `${prefix}${n}_`, sizesAreInput);
    for (const [i, { first, second }] of branches.entries()) {
      instead.set(first.node, i === 0 ? nodes : []).set(second.node, []);
    }
    graph.initializer.push(...initializers);
  }
  graph.node = graph.node.flatMap((node) => instead.get(node) ?? [node]);
  dropUnused(
    graph,
    [...instead.keys()].flatMap((node) => node.input.slice(1)),
  );
  return groups.reduce((sum, branches) => sum + branches.length, 0);
}

/** The runtime warns of each. */
function dropUnused(graph: GraphProto, names: readonly string[]): void {
  const uses = usesOf(graph);
  const unused = new Set(names.filter((name) => !uses.has(name)));
  graph.initializer = graph.initializer.filter(({ name }) => !unused.has(name));
  // Old exporters list them among the inputs, as defaults.
  graph.input = graph.input.filter(({ name }) => !unused.has(name));
}

/** Branches that can be one, two or more at a time, in the graph's order. */
function siblings(graph: GraphProto): Branch[][] {
  const constants = constantReader(graph);
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const uses = usesOf(graph);
  const groups = new Map<string, Branch[]>();
  /** With one channel, the second of a branch could be the first of another. */
  const taken = new Set<NodeProto>();
  for (const node of graph.node) {
    if (taken.has(node)) continue;
    const first = layer(node, tensors, constants);
    const next = uses.get(node.output[0] ?? '');
    if (first === null || attribute(node, 'group') !== 1n || next?.length !== 1) continue;
    const second = next[0] === undefined ? null : layer(next[0], tensors, constants);
    if (second === null || !isDepthwise(second, first) || second.node.input[0] !== node.output[0]) continue;
    taken.add(second.node);
    const [, , ...kernel] = first.weights.dims;
    const key = [node.input[0], kernel.join('x'), shapeKey(node), shapeKey(second.node)].join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [{ first, second }]);
    else group.push({ first, second });
  }
  return [...groups.values()].filter((branches) => branches.length > 1);
}

/** Nodes by what they read, wherever they are. The graph's own outputs are read by whoever runs it. */
function usesOf(main: GraphProto): Map<string, (NodeProto | null)[]> {
  const uses = new Map<string, (NodeProto | null)[]>();
  const add = (name: string, by: NodeProto | null): void => {
    const found = uses.get(name);
    if (found === undefined) uses.set(name, [by]);
    else found.push(by);
  };
  for (const graph of allGraphs(main)) {
    for (const node of graph.node) for (const name of node.input) add(name, graph === main ? node : null);
    for (const { name } of graph.output) add(name, null);
  }
  return uses;
}

/** A Conv whose weights and bias are float32 in the file. */
function layer(node: NodeProto | null, tensors: ReadonlyMap<string, TensorProto>, constants: Constants): Layer | null {
  if (node === null || !isStandard(node, 'Conv') || node.input.length !== 3 || node.output.length !== 1) return null;
  if (!node.attribute.every(({ name }) => ATTRIBUTES.has(name))) return null;
  const [, weights = '', bias = ''] = node.input;
  const [values, offsets] = [constants(weights), constants(bias)];
  const { dims } = tensors.get(weights) ?? {};
  if (values === null || offsets === null || dims === undefined || BigInt(offsets.length) !== dims[0]) return null;
  return { node, weights: { dims, values, bias: offsets } };
}

function isDepthwise({ node, weights }: Layer, before: Layer): boolean {
  const [channels, perGroup] = weights.dims;
  return channels === before.weights.dims[0] && perGroup === 1n && attribute(node, 'group') === channels;
}

function attribute(node: NodeProto, name: string): bigint | undefined {
  return node.attribute.find((one) => one.name === name)?.i ?? (name === 'group' ? 1n : undefined);
}

/** What two convolutions must have in common, but for their channels. */
function shapeKey(node: NodeProto): string {
  const told = node.attribute.filter(({ name }) => name !== 'group');
  return told
    .map(({ name, ints }) => `${name}=${ints.join('/')}`)
    .sort()
    .join(';');
}

function merge(branches: readonly Branch[], prefix: string, sizesAreInput: boolean) {
  const initializers: TensorProto[] = [];
  const constant = (name: string, dims: readonly bigint[], parts: readonly Float32Array[]): string => {
    const rawData = new Uint8Array(Buffer.concat(parts.map((part) => new Uint8Array(part.buffer))));
    initializers.push(
      create(TensorSchema, { name: prefix + name, dims: [...dims], dataType: DATA_TYPE.float, rawData }),
    );
    return prefix + name;
  };
  const sizes = branches.map(({ first }) => first.weights.dims[0] ?? 0n);
  const channels = sizes.reduce((sum, size) => sum + size, 0n);
  const conv = (name: string, input: string, layers: readonly Layer[], group: bigint): NodeProto => {
    const [, ...rest] = layers[0]?.weights.dims ?? [];
    const all = layers.map(({ weights }) => weights);
    const weights = constant(
      `${name}_weight`,
      [channels, ...rest],
      all.map(({ values }) => values),
    );
    const bias = constant(
      `${name}_bias`,
      [channels],
      all.map((one) => one.bias),
    );
    const same = layers[0]?.node.attribute.filter((one) => one.name !== 'group') ?? [];
    const groups = create(AttributeSchema, { name: 'group', type: ATTRIBUTE_TYPE.int, i: group });
    return create(NodeSchema, {
      ...{ name: prefix + name, opType: 'Conv', input: [input, weights, bias], output: [`${prefix}${name}_out`] },
      attribute: [...same, groups],
    });
  };
  const firsts = branches.map(({ first }) => first);
  const first = conv('first', firsts[0]?.node.input[0] ?? '', firsts, 1n);
  const second = conv(
    'second',
    `${prefix}first_out`,
    branches.map((branch) => branch.second),
    channels,
  );
  const input = [`${prefix}second_out`];
  const axis = create(AttributeSchema, { name: 'axis', type: ATTRIBUTE_TYPE.int, i: 1n });
  const attributes: AttributeProto[] = [axis];
  if (sizesAreInput) {
    const dims = [BigInt(sizes.length)];
    initializers.push(
      create(TensorSchema, { name: `${prefix}sizes`, dims, dataType: DATA_TYPE.int64, int64Data: sizes }),
    );
    input.push(`${prefix}sizes`);
  } else {
    attributes.push(create(AttributeSchema, { name: 'split', type: ATTRIBUTE_TYPE.ints, ints: sizes }));
  }
  const output = branches.map((branch) => branch.second.node.output[0] ?? '');
  const split = create(NodeSchema, { name: `${prefix}split`, opType: 'Split', input, output, attribute: attributes });
  return { nodes: [first, second, split], initializers };
}
