/** Reads and writes ONNX files, and refuses what the server must not load. */
import { open, stat } from 'node:fs/promises';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FacepoolError } from '../../src/contract/errors.ts';
import { EXTERNAL_LOCATION, ModelSchema } from './descriptor.ts';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  SparseTensorProto,
  TensorProto,
} from './descriptor.ts';

/** Protobuf readers refuse larger files; such models need external data, which is refused too. */
const MAX_BYTES = 2 ** 31 - 1;

const ALLOWED_DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft']);

/** An ONNX model whose main graph is there. */
export type OnnxModel = ModelProto & { graph: GraphProto };

export function refuse(detail: string, cause?: unknown): FacepoolError {
  return new FacepoolError('model_failed', detail, { cause });
}

/**
 * Reads an ONNX file and checks it.
 * @throws FacepoolError `model_failed`: too large, not ONNX, external data, custom operators.
 */
export async function readModel(path: string): Promise<OnnxModel> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw refuse('the model file cannot be read', error);
  });
  if (size > MAX_BYTES) throw refuse(`the model file has ${size} bytes; 2 GB is the most that ONNX allows`);
  // Not readFile: it refuses files over 2 GiB on its own terms, and this one is bounded already.
  const bytes = new Uint8Array(size);
  const handle = await open(path, 'r');
  try {
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, size - at, at);
      if (bytesRead === 0) throw refuse('the model file became shorter while it was read');
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return parseModel(bytes);
}

/** Like `readModel`, for bytes. */
export function parseModel(bytes: Uint8Array): OnnxModel {
  let model: ModelProto;
  try {
    model = fromBinary(ModelSchema, bytes);
  } catch (error) {
    throw refuse('the file is not an ONNX model', error);
  }
  const { graph } = model;
  if (graph === undefined || graph.node.length === 0) throw refuse('the file is not an ONNX model: it has no graph');
  if (model.opsetImport.length === 0) throw refuse('the model names no operator set');
  checkModel(model, graph);
  return Object.assign(model, { graph });
}

export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const bytes = toBinary(ModelSchema, model);
  if (bytes.byteLength > MAX_BYTES) throw refuse('the model would be larger than 2 GB');
  return bytes;
}

/** The main graph and every graph inside its nodes (If, Loop, Scan), depth first. */
export function* allGraphs(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  for (const node of graph.node) {
    for (const attribute of node.attribute) {
      if (attribute.g !== undefined) yield* allGraphs(attribute.g);
      for (const inner of attribute.graphs) yield* allGraphs(inner);
    }
  }
}

/** A prefix that no name in the graph or in its inner graphs starts with: `<stem>_`, else `<stem>1_` and so on. */
export function freePrefix(main: GraphProto, stem: string): string {
  const names = new Set<string>();
  for (const graph of allGraphs(main)) {
    for (const tensor of graph.initializer) names.add(tensor.name);
    for (const value of [...graph.input, ...graph.output, ...graph.valueInfo]) names.add(value.name);
    for (const node of graph.node) for (const name of [node.name, ...node.input, ...node.output]) names.add(name);
  }
  for (let i = 0; ; i++) {
    const prefix = `${stem}${i === 0 ? '' : i}_`;
    if (![...names].some((name) => name.startsWith(prefix))) return prefix;
  }
}

function checkModel(model: ModelProto, main: GraphProto): void {
  if (model.trainingInfo.length > 0) throw refuse('the model holds training information; export it for inference');
  checkGraphs(main);
  for (const fn of model.functions) {
    for (const node of fn.node) {
      checkNode(node);
      for (const { g, graphs } of node.attribute) {
        if (g !== undefined) checkGraphs(g);
        for (const inner of graphs) checkGraphs(inner);
      }
    }
  }
}

function checkGraphs(main: GraphProto): void {
  for (const graph of allGraphs(main)) {
    for (const tensor of graph.initializer) checkTensor(tensor);
    for (const sparse of graph.sparseInitializer) checkSparse(sparse);
    for (const node of graph.node) checkNode(node);
  }
}

function checkNode(node: NodeProto): void {
  if (!ALLOWED_DOMAINS.has(node.domain)) {
    throw refuse(`the operator ${node.opType} is of the domain "${node.domain}"; custom operators are not loaded`);
  }
  for (const attribute of node.attribute) checkAttribute(attribute);
}

function checkAttribute(attribute: AttributeProto): void {
  if (attribute.t !== undefined) checkTensor(attribute.t);
  for (const tensor of attribute.tensors) checkTensor(tensor);
  if (attribute.sparseTensor !== undefined) checkSparse(attribute.sparseTensor);
  for (const sparse of attribute.sparseTensors) checkSparse(sparse);
}

function checkSparse(sparse: SparseTensorProto): void {
  if (sparse.values !== undefined) checkTensor(sparse.values);
  if (sparse.indices !== undefined) checkTensor(sparse.indices);
}

/** External data names a file beside the model: a path that a model file may choose is a hole. */
function checkTensor(tensor: TensorProto): void {
  if (tensor.dataLocation === EXTERNAL_LOCATION || tensor.externalData.length > 0) {
    throw refuse(`the weights of "${tensor.name}" are in another file; save the model as one file`);
  }
}
