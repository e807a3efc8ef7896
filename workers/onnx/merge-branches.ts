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
import { constantReader, elementCount, isStandard } from './constants.ts';
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

/** With so many channels a branch fills a register by itself, and is slower after a Split than before. */
const WIDE = 16n;

/** Numbers in all that is merged of one graph; a hostile one may name the same large weights in every node. */
const MOST_NUMBERS = 2n ** 22n;

/** A Conv whose weights and bias are in the file; [channels out, channels in of a group, …kernel]. */
type Layer = { readonly node: NodeProto; readonly dims: readonly bigint[] };
type Branch = { readonly first: Layer; readonly second: Layer };

/** Changes the main graph in place; says how many branches it merged. */
export function mergeBranches(model: OnnxModel): number {
  const { graph } = model;
  const prefix = freePrefix(graph, 'facepool_merged');
  const sizesAreInput = standardOpset(model) >= SPLIT_SIZES_ARE_INPUT;
  const constants = constantReader(graph);
  let count = 0;
  let left = MOST_NUMBERS;
  /** What stands for a node now. Where the first branch began, the tensor that they share is there already. */
  const instead = new Map<NodeProto, NodeProto[]>();
  for (const [n, branches] of siblings(graph).entries()) {
    left -= branches.reduce((sum, { first, second }) => sum + elementCount(first.dims) + elementCount(second.dims), 0n);
    if (left < 0n) break;
    const merged = merge(branches, constants, `${prefix}${n}_`, sizesAreInput);
    if (merged === null) continue;
    count += branches.length;
    for (const [i, { first, second }] of branches.entries()) {
      instead.set(first.node, i === 0 ? merged.nodes : []).set(second.node, []);
    }
    graph.initializer.push(...merged.initializers);
  }
  graph.node = graph.node.flatMap((node) => instead.get(node) ?? [node]);
  dropUnused(
    graph,
    [...instead.keys()].flatMap((node) => node.input.slice(1)),
  );
  return count;
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
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const uses = usesOf(graph);
  const groups = new Map<string, Branch[]>();
  /** With one channel, the second of a branch could be the first of another. */
  const taken = new Set<NodeProto>();
  for (const node of graph.node) {
    if (taken.has(node)) continue;
    const first = layer(node, tensors);
    const next = uses.get(node.output[0] ?? '');
    if (first === null || groupOf(node) !== 1n || next?.length !== 1) continue;
    const second = layer(next[0] ?? null, tensors);
    if (second === null || !isDepthwise(second, first) || second.node.input[0] !== node.output[0]) continue;
    taken.add(second.node);
    const kernels = [first, second].map(({ dims }) => dims.slice(1).join('x'));
    const key = [node.input[0], ...kernels, shapeKey(node), shapeKey(second.node)].join(' ');
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

/** By names and shapes alone: a large graph has many convolutions, and hardly one of them is in a branch. */
function layer(node: NodeProto | null, tensors: ReadonlyMap<string, TensorProto>): Layer | null {
  if (node === null || !isStandard(node, 'Conv') || node.input.length !== 3 || node.output.length !== 1) return null;
  if (!node.attribute.every(({ name }) => ATTRIBUTES.has(name))) return null;
  const [weights, bias] = node.input.slice(1).map((name) => tensors.get(name));
  if (weights?.dataType !== DATA_TYPE.float || bias?.dataType !== DATA_TYPE.float) return null;
  const { dims } = weights;
  const [channels] = dims;
  if (channels === undefined || channels >= WIDE || bias.dims.length !== 1 || bias.dims[0] !== channels) return null;
  return { node, dims };
}

function isDepthwise({ node, dims }: Layer, before: Layer): boolean {
  const [channels, perGroup] = dims;
  return channels === before.dims[0] && perGroup === 1n && groupOf(node) === channels;
}

function groupOf(node: NodeProto): bigint {
  return node.attribute.find(({ name }) => name === 'group')?.i ?? 1n;
}

/** What two convolutions must have in common, but for their channels. */
function shapeKey(node: NodeProto): string {
  const told = node.attribute.filter(({ name }) => name !== 'group');
  return told
    .map(({ name, ints }) => `${name}=${ints.join('/')}`)
    .sort()
    .join(';');
}

type Merged = { readonly nodes: NodeProto[]; readonly initializers: TensorProto[] };

/** Null where the numbers are not what the shapes say. */
function merge(
  branches: readonly Branch[],
  constants: Constants,
  prefix: string,
  sizesAreInput: boolean,
): Merged | null {
  const sizes = branches.map(({ first }) => first.dims[0] ?? 0n);
  const channels = sizes.reduce((sum, size) => sum + size, 0n);
  const firsts = branches.map(({ first }) => first);
  const seconds = branches.map(({ second }) => second);
  const first = conv(`${prefix}first`, firsts, firsts[0]?.node.input[0] ?? '', 1n, constants);
  const second = conv(`${prefix}second`, seconds, `${prefix}first_out`, channels, constants);
  if (first === null || second === null) return null;

  const input = [`${prefix}second_out`];
  const axis = create(AttributeSchema, { name: 'axis', type: ATTRIBUTE_TYPE.int, i: 1n });
  const attributes: AttributeProto[] = [axis];
  const initializers = [...first.initializers, ...second.initializers];
  if (sizesAreInput) {
    const name = `${prefix}sizes`;
    const dims = [BigInt(sizes.length)];
    initializers.push(create(TensorSchema, { name, dims, dataType: DATA_TYPE.int64, int64Data: sizes }));
    input.push(name);
  } else {
    attributes.push(create(AttributeSchema, { name: 'split', type: ATTRIBUTE_TYPE.ints, ints: sizes }));
  }
  const output = seconds.map(({ node }) => node.output[0] ?? '');
  const split = create(NodeSchema, { name: `${prefix}split`, opType: 'Split', input, output, attribute: attributes });
  return { nodes: [...first.nodes, ...second.nodes, split], initializers };
}

/** One for all of them, whose output is `<name>_out`. */
function conv(
  name: string,
  layers: readonly Layer[],
  input: string,
  group: bigint,
  constants: Constants,
): Merged | null {
  const initializers: TensorProto[] = [];
  for (const [at, what] of [
    [1, 'weight'],
    [2, 'bias'],
  ] as const) {
    const parts = layers.map(({ node }) => constants(node.input[at] ?? ''));
    if (!parts.every((part) => part !== null)) return null;
    const rawData = new Uint8Array(Buffer.concat(parts.map((part) => new Uint8Array(part.buffer))));
    const channels = layers.reduce((sum, { dims }) => sum + (dims[0] ?? 0n), 0n);
    const dims = [channels, ...(at === 1 ? (layers[0]?.dims.slice(1) ?? []) : [])];
    initializers.push(create(TensorSchema, { name: `${name}_${what}`, dims, dataType: DATA_TYPE.float, rawData }));
  }
  const same = layers[0]?.node.attribute.filter((one) => one.name !== 'group') ?? [];
  const groups = create(AttributeSchema, { name: 'group', type: ATTRIBUTE_TYPE.int, i: group });
  const node = create(NodeSchema, {
    ...{ name, opType: 'Conv', input: [input, `${name}_weight`, `${name}_bias`], output: [`${name}_out`] },
    attribute: [...same, groups],
  });
  return { nodes: [node], initializers };
}
