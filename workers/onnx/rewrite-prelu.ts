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
import { constantReader, isStandard } from './constants.ts';
import type { Constants } from './constants.ts';
import { ATTRIBUTE_TYPE, AttributeSchema, NodeSchema } from './descriptor.ts';
import type { NodeProto } from './descriptor.ts';
import { freePrefix } from './model-file.ts';
import type { OnnxModel } from './model-file.ts';
import { standardOpset } from './picture-input.ts';

/** Max broadcasts from here, as PRelu and Mul do already. */
const LEAST_OPSET = 8;

/** Changes the nodes of the main graph in place; says how many it replaced. */
export function rewritePRelu(model: OnnxModel): number {
  if (standardOpset(model) < LEAST_OPSET) return 0;
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
