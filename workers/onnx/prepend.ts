/**
 * Puts the picture's last steps into the graph: its float NCHW input becomes a uint8 NHWC RGB input of the same name,
 * followed by Transpose → [Gather for BGR] → Cast → [Sub mean] → [Mul 1/std].
 * Whoever changes these nodes raises IMPORTER_VERSION in src/contract/importer.ts.
 * Moving bytes before they become floats is the faster order on CPUs (docs/models.md has the figures).
 */
import { create } from '@bufbuild/protobuf';
import type { GraphSpec } from '../../src/contract/manifest.ts';
import {
  ATTRIBUTE_TYPE,
  AttributeSchema,
  DATA_TYPE,
  NodeSchema,
  TensorSchema,
  TensorShapeSchema,
} from './descriptor.ts';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from './descriptor.ts';
import { allGraphs, freePrefix, refuse } from './model-file.ts';
import type { OnnxModel } from './model-file.ts';
import { pictureInput } from './picture-input.ts';

/** Changes `model` in place. @throws FacepoolError `model_failed` when the input is not what the manifest says. */
export function prependPreprocessing(model: OnnxModel, input: GraphSpec['input']): void {
  const { graph } = model;
  const { tensor, batch, channels, height, width } = pictureInput(model, input.name);

  const prefix = freePrefix(graph, 'facepool_pre');
  const chain = preprocessing(input, prefix);
  renameUses(graph, input.name, chain.output);
  graph.node.unshift(...chain.nodes);
  graph.initializer.push(...chain.initializers);
  channels.value = { case: 'dimValue', value: 3n };
  tensor.elemType = DATA_TYPE.uint8;
  tensor.shape = create(TensorShapeSchema, { dim: [batch, height, width, channels] });
}

/** Inner graphs see the outer names, and ONNX forbids them to define the same name again. */
function renameUses(main: GraphProto, from: string, to: string): void {
  for (const graph of allGraphs(main)) {
    for (const node of graph.node) {
      node.input = node.input.map((name) => (name === from ? to : name));
    }
  }
}

type Chain = { readonly nodes: NodeProto[]; readonly initializers: TensorProto[]; readonly output: string };

function preprocessing(input: GraphSpec['input'], prefix: string): Chain {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  let last = input.name;
  const add = (opType: string, constant: TensorProto | null, attribute: AttributeProto[]): void => {
    const output = `${prefix}${opType.toLowerCase()}`;
    const inputs = [last];
    if (constant !== null) {
      constant.name = `${output}_constant`;
      initializers.push(constant);
      inputs.push(constant.name);
    }
    nodes.push(create(NodeSchema, { name: `${output}_node`, opType, input: inputs, output: [output], attribute }));
    last = output;
  };

  add('Transpose', null, [ints('perm', [0n, 3n, 1n, 2n])]);
  if (input.color === 'bgr') {
    const indices = create(TensorSchema, { dims: [3n], dataType: DATA_TYPE.int64, int64Data: [2n, 1n, 0n] });
    add('Gather', indices, [int('axis', 1n)]);
  }
  add('Cast', null, [int('to', BigInt(DATA_TYPE.float))]);
  if (input.mean.some((v) => v !== 0)) add('Sub', perChannel(input.mean), []);
  if (input.std.some((v) => v !== 1)) {
    if (input.std.some((v) => v === 0)) throw refuse('a std of 0 in the manifest');
    add('Mul', perChannel(input.std.map((v) => 1 / v)), []);
  }
  return { nodes, initializers, output: last };
}

function perChannel(values: readonly number[]): TensorProto {
  return create(TensorSchema, { dims: [1n, 3n, 1n, 1n], dataType: DATA_TYPE.float, floatData: [...values] });
}

function int(name: string, i: bigint): AttributeProto {
  return create(AttributeSchema, { name, type: ATTRIBUTE_TYPE.int, i });
}

function ints(name: string, values: bigint[]): AttributeProto {
  return create(AttributeSchema, { name, type: ATTRIBUTE_TYPE.ints, ints: values });
}
