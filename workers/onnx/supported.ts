/** Is this a model that the runtime reads, and of a size that a face model has? Limits are those of onnxruntime 1.30; a test asks it. */
import type { InspectedGraph } from '../../src/contract/importer.ts';
import { elementCount } from './constants.ts';
import { DATA_TYPE_BITS } from './descriptor.ts';
import type { TensorProto } from './descriptor.ts';
import { allNodes, allTensors, modelGraphs, refuse } from './model-file.ts';
import type { OnnxModel } from './model-file.ts';
import { OLDEST_OPSET, standardOpset } from './picture-input.ts';

export const NEWEST_IR = 13;
/** Of each domain; the oldest of the standard operators is what the importer's own nodes need. */
export const NEWEST_OPSETS: ReadonlyMap<string, number> = new Map([
  ['', 26],
  ['ai.onnx', 26],
  ['ai.onnx.ml', 5],
  ['com.microsoft', 1],
]);
/** A hundred times what the largest face models have. */
const MOST_NODES = 100_000;
const MOST_TENSORS = 100_000;
/** The smallest type has four bits. */
const ELEMENTS_PER_BYTE = 2n;

export type ModelFacts = Omit<InspectedGraph, 'graph'>;

/**
 * @param fileBytes size of the file: no tensor can hold more than that
 * @throws FacepoolError `model_failed`
 */
export function checkSupported(model: OnnxModel, fileBytes: number): ModelFacts {
  const irVersion = Number(model.irVersion);
  if (irVersion < 1 || irVersion > NEWEST_IR) {
    throw refuse(`the model is of IR version ${irVersion}; 1 to ${NEWEST_IR} are read`);
  }
  const opset = checkOpsets(model);
  for (const graph of modelGraphs(model)) {
    if (graph.sparseInitializer.length > 0) throw refuse('the model holds sparse weights; save them dense');
  }
  return { irVersion, opset, nodes: countNodes(model), parameters: countParameters(model, fileBytes) };
}

function checkOpsets(model: OnnxModel): number {
  const opset = standardOpset(model);
  if (opset < OLDEST_OPSET)
    throw refuse(`the model is of opset ${opset}; ${OLDEST_OPSET} is the oldest that is served`);
  for (const { domain, version } of model.opsetImport) {
    const newest = NEWEST_OPSETS.get(domain);
    // Exporters list domains that no operator uses.
    if (newest !== undefined && version > BigInt(newest)) {
      throw refuse(`the model is of opset ${version}${domain === '' ? '' : ` of ${domain}`}; ${newest} is the newest`);
    }
  }
  return opset;
}

function countNodes(model: OnnxModel): number {
  let count = 0;
  for (const node of allNodes(model)) {
    count += 1;
    if (count > MOST_NODES) throw refuse(`the model has more than ${MOST_NODES} operators`);
    if (node.attribute.some((a) => a.sparseTensor !== undefined || a.sparseTensors.length > 0)) {
      throw refuse('the model holds sparse weights; save them dense');
    }
  }
  return count;
}

function countParameters(model: OnnxModel, fileBytes: number): number {
  let tensors = 0;
  let parameters = 0n;
  for (const tensor of allTensors(model)) {
    tensors += 1;
    if (tensors > MOST_TENSORS) throw refuse(`the model has more than ${MOST_TENSORS} tensors`);
    parameters += elementsOf(tensor, fileBytes);
  }
  return Number(parameters);
}

/** Numbers in a tensor. A shape that its bytes do not fill is refused: the runtime would make room for it first. */
function elementsOf(tensor: TensorProto, fileBytes: number): bigint {
  const elements = elementCount(tensor.dims);
  const label = `the tensor "${tensor.name}" declares ${tensor.dims.join(' × ') || 'one'} numbers`;
  if (tensor.dims.some((dim) => dim < 0n)) throw refuse(label);
  if (elements > BigInt(fileBytes) * ELEMENTS_PER_BYTE) throw refuse(`${label}, more than the file can hold`);
  const bits = DATA_TYPE_BITS[tensor.dataType];
  if (bits === undefined || tensor.rawData.length === 0) return elements;
  const bytes = (elements * BigInt(bits) + 7n) / 8n;
  if (bytes !== BigInt(tensor.rawData.length)) {
    throw refuse(`${label}, which are ${bytes} bytes, and holds ${tensor.rawData.length}`);
  }
  return elements;
}
