/** The one input of a graph: a picture, float32 NCHW with three channels. */
import { DATA_TYPE } from './descriptor.ts';
import type { DimensionProto, GraphProto, TensorTypeProto } from './descriptor.ts';
import { refuse } from './model-file.ts';
import type { OnnxModel } from './model-file.ts';

/** Numpy-style broadcasting of Sub and Mul, and Cast with a number, exist from here. */
export const OLDEST_OPSET = 7;

export type PictureInput = {
  readonly tensor: TensorTypeProto;
  readonly batch: DimensionProto;
  readonly channels: DimensionProto;
  readonly height: DimensionProto;
  readonly width: DimensionProto;
};

/** @throws FacepoolError `model_failed` when the graph does not take such an input under this name, or needs others */
export function pictureInput(model: OnnxModel, name: string): PictureInput {
  if (standardOpset(model) < OLDEST_OPSET) {
    throw refuse(`the model is of opset ${standardOpset(model)}; ${OLDEST_OPSET} is the oldest that is served`);
  }
  const tensor = inputTensor(model.graph, name);
  const dims = tensor.shape?.dim ?? [];
  const [batch, channels, height, width] = dims;
  if (dims.length !== 4 || !batch || !channels || !height || !width) {
    throw refuse(`the input "${name}" has ${dims.length} dimensions, not 4 (batch, channels, height, width)`);
  }
  if (channels.value.case === 'dimValue' && channels.value.value !== 3n) {
    throw refuse(`the input "${name}" has ${channels.value.value} channels, not 3`);
  }
  return { tensor, batch, channels, height, width };
}

/** Version of the standard operators. @throws FacepoolError `model_failed` when the model does not use them */
export function standardOpset(model: OnnxModel): number {
  // The runtime takes the last where a file lists both names of the domain.
  const opset = model.opsetImport.findLast((o) => o.domain === '' || o.domain === 'ai.onnx');
  if (opset === undefined) throw refuse('the model does not use the standard operators');
  return Number(opset.version);
}

/** The size that the graph insists on, or null where it takes any. */
export function fixedSize({ value }: DimensionProto): number | null {
  return value.case === 'dimValue' && value.value > 0n ? Number(value.value) : null;
}

function inputTensor(graph: GraphProto, name: string): TensorTypeProto {
  // Old exporters list weights among the inputs; those have an initializer of the same name.
  const weights = new Set(graph.initializer.map((t) => t.name));
  const inputs = graph.input.filter((i) => !weights.has(i.name));
  const found = inputs.find((i) => i.name === name);
  if (found === undefined) {
    throw refuse(`the graph has no input "${name}"; it has ${inputs.map((i) => `"${i.name}"`).join(', ') || 'none'}`);
  }
  if (inputs.length > 1) {
    const others = inputs.filter((i) => i !== found).map((i) => `"${i.name}"`);
    throw refuse(`the graph needs further inputs: ${others.join(', ')}`);
  }
  if (graph.output.some((o) => o.name === name)) throw refuse(`"${name}" is both an input and an output`);
  const tensor = found.type?.tensorType;
  if (tensor === undefined) throw refuse(`the input "${name}" is not a tensor`);
  if (tensor.elemType !== DATA_TYPE.float) throw refuse(`the input "${name}" is not float32`);
  return tensor;
}
