/** Is this `infer` something the manifest's graphs can run? Every refusal is `invalid_argument` and names its field. */
import { FacepoolError } from '../src/contract/errors.ts';
import type { GraphSpec, Manifest } from '../src/contract/manifest.ts';
import type { InferParams, InferPart } from '../src/contract/protocol.ts';

function refuse(param: string, detail: string): FacepoolError {
  return new FacepoolError('invalid_argument', detail, { param });
}

function isSize(n: unknown): n is number {
  return Number.isInteger(n) && (n as number) > 0;
}

export function tensorBytes(shape: InferPart['shape']): number {
  return shape[0] * shape[1] * shape[2] * shape[3];
}

function checkShape(part: InferPart, graph: GraphSpec, manifest: Manifest): void {
  const { shape } = part;
  if (!Array.isArray(shape) || shape.length !== 4 || !shape.every(isSize) || shape[3] !== 3) {
    throw refuse('shape', `graph "${graph.id}" takes [N, H, W, 3] with whole numbers above 0`);
  }
  const [batch, height, width] = shape;
  const maxBatch = manifest.role === 'detector' ? 1 : Math.max(...graph.batches);
  if (batch > maxBatch) throw refuse('shape', `graph "${graph.id}" takes at most ${maxBatch} at once, not ${batch}`);
  if (!isSize(part.count) || part.count > batch) throw refuse('count', `count must be 1 to ${batch}`);
  if (manifest.role === 'detector') {
    const { fit, multiple_of: step } = manifest.detector;
    const side = Math.ceil(fit / step) * step;
    if (height % step !== 0 || width % step !== 0 || height > side || width > side) {
      throw refuse(
        'shape',
        `graph "${graph.id}" takes sides that are multiples of ${step} up to ${side}, not ${width}×${height}`,
      );
    }
  } else if (graph.crop !== undefined && (height !== graph.crop.size || width !== graph.crop.size)) {
    throw refuse('shape', `graph "${graph.id}" takes ${graph.crop.size}×${graph.crop.size}, not ${width}×${height}`);
  }
}

function checkDetect(params: InferParams): void {
  const { detect } = params;
  const [, height, width] = params.parts[0]?.shape ?? [0, 0, 0];
  if (detect === undefined) throw refuse('detect', 'a detector needs `detect`');
  const { scoreThreshold } = detect;
  if (!(scoreThreshold >= 0 && scoreThreshold <= 1)) throw refuse('detect', 'scoreThreshold must be 0 to 1');
  if (!isSize(detect.width) || !isSize(detect.height) || detect.width > width || detect.height > height) {
    throw refuse('detect', 'the picture area must lie inside the input');
  }
}

/** Throws unless every part can be run by a graph in `loaded` and they make sense together. */
export function checkInfer(params: InferParams, manifest: Manifest, loaded: ReadonlyMap<string, GraphSpec>): void {
  const { parts } = params;
  if (!isSize(params.ticket)) throw refuse('ticket', 'a ticket is a whole number above 0');
  if (!Array.isArray(parts) || parts.length === 0) throw refuse('parts', 'there is nothing to run');
  const seen = new Set<string>();
  for (const part of parts) {
    const graph = loaded.get(part.graph);
    if (graph === undefined) throw refuse('graph', `graph "${part.graph}" is not loaded`);
    if (seen.has(graph.id)) throw refuse('graph', `graph "${graph.id}" is named twice`);
    seen.add(graph.id);
    checkShape(part, graph, manifest);
    if (part.count !== parts[0]?.count) throw refuse('count', 'every part must hold the same faces');
  }
  if (manifest.role === 'detector') checkDetect(params);
  if (manifest.role === 'liveness' && !parts.some((part) => loaded.get(part.graph)?.use === 'liveness')) {
    throw refuse('parts', 'opinions come only with the liveness graph');
  }
}

/** Throws unless each received tensor has the bytes that its shape says. */
export function checkBytes(parts: readonly InferPart[], tensors: readonly Uint8Array[]): void {
  for (const [i, part] of parts.entries()) {
    const expected = tensorBytes(part.shape);
    const got = tensors[i]?.length ?? 0;
    if (got !== expected) throw refuse('shape', `part ${i} has ${got} bytes, its shape says ${expected}`);
  }
}
