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

/** What people take for a model file, by its first bytes. */
const ARCHIVES: readonly { readonly what: string; readonly magic: readonly number[] }[] = [
  { what: 'a zip archive (as PyTorch saves its models)', magic: [0x50, 0x4b, 0x03, 0x04] },
  { what: 'a gzip archive', magic: [0x1f, 0x8b] },
  { what: 'an HDF5 file (as Keras saves its models)', magic: [0x89, 0x48, 0x44, 0x46] },
];

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
  const archive = ARCHIVES.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
  if (archive !== undefined) throw refuse(`the file is ${archive.what}, not an ONNX model`);
  let model: ModelProto;
  try {
    model = fromBinary(ModelSchema, bytes);
  } catch (error) {
    throw refuse('the file is not an ONNX model', error);
  }
  const { graph } = model;
  if (graph === undefined || graph.node.length === 0) throw refuse('the file is not an ONNX model: it has no graph');
  if (model.opsetImport.length === 0) throw refuse('the model names no operator set');
  const whole = Object.assign(model, { graph });
  checkModel(whole);
  return whole;
}

export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const bytes = toBinary(ModelSchema, model);
  if (bytes.byteLength > MAX_BYTES) throw refuse('the model would be larger than 2 GB');
  return bytes;
}

/** The graph and every graph inside its nodes (If, Loop, Scan), depth first. */
export function* allGraphs(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  for (const node of graph.node) yield* graphsIn(node.attribute);
}

function* graphsIn(attributes: readonly AttributeProto[]): Generator<GraphProto> {
  for (const attribute of attributes) {
    if (attribute.g !== undefined) yield* allGraphs(attribute.g);
    for (const inner of attribute.graphs) yield* allGraphs(inner);
  }
}

/** Every graph of the file: the main one, and those in functions and in the defaults of their attributes. */
export function* modelGraphs(model: OnnxModel): Generator<GraphProto> {
  yield* allGraphs(model.graph);
  for (const fn of model.functions) {
    for (const node of fn.node) yield* graphsIn(node.attribute);
    yield* graphsIn(fn.attributeProto);
  }
}

/** Every operator of the file, wherever it is. */
export function* allNodes(model: OnnxModel): Generator<NodeProto> {
  for (const graph of modelGraphs(model)) yield* graph.node;
  for (const fn of model.functions) yield* fn.node;
}

/** Every tensor of the file, wherever it is. */
export function* allTensors(model: OnnxModel): Generator<TensorProto> {
  for (const graph of modelGraphs(model)) {
    yield* graph.initializer;
    for (const sparse of graph.sparseInitializer) yield* sparseParts(sparse);
  }
  for (const node of allNodes(model)) yield* tensorsIn(node.attribute);
  for (const fn of model.functions) yield* tensorsIn(fn.attributeProto);
}

function* tensorsIn(attributes: readonly AttributeProto[]): Generator<TensorProto> {
  for (const attribute of attributes) {
    if (attribute.t !== undefined) yield attribute.t;
    yield* attribute.tensors;
    if (attribute.sparseTensor !== undefined) yield* sparseParts(attribute.sparseTensor);
    for (const sparse of attribute.sparseTensors) yield* sparseParts(sparse);
  }
}

function* sparseParts({ values, indices }: SparseTensorProto): Generator<TensorProto> {
  if (values !== undefined) yield values;
  if (indices !== undefined) yield indices;
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

function checkModel(model: OnnxModel): void {
  if (model.trainingInfo.length > 0) throw refuse('the model holds training information; export it for inference');
  for (const node of allNodes(model)) checkNode(node);
  for (const tensor of allTensors(model)) checkTensor(tensor);
}

function checkNode(node: NodeProto): void {
  if (!ALLOWED_DOMAINS.has(node.domain)) {
    throw refuse(`the operator ${node.opType} is of the domain "${node.domain}"; custom operators are not loaded`);
  }
  // It stands for a compiled model, which may lie in another file.
  if (node.opType === 'EPContext')
    throw refuse('the operator EPContext holds a compiled model; export the model itself');
}

/** External data names a file beside the model: a path that a model file may choose is a hole. */
function checkTensor(tensor: TensorProto): void {
  if (tensor.dataLocation === EXTERNAL_LOCATION || tensor.externalData.length > 0) {
    throw refuse(`the weights of "${tensor.name}" are in another file; save the model as one file`);
  }
}
