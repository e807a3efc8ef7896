/** Do the declared input and outputs of a graph fit what the manifest says the server will feed it? */
import type { GraphSpec, Manifest } from '../../src/contract/manifest.ts';
import { DATA_TYPE } from './descriptor.ts';
import type { DimensionProto } from './descriptor.ts';
import { refuse } from './model-file.ts';
import type { OnnxModel } from './model-file.ts';
import { fixedSize, pictureInput } from './picture-input.ts';
import type { ImageShape } from './reference.ts';

/** Height and width for detectors of any size: small, and unlike, so that swapping them would show. */
const DETECTOR_HEIGHT = 96;
const DETECTOR_WIDTH = 128;

/** @throws FacepoolError `model_failed` with what does not fit */
export function checkSignature(model: OnnxModel, spec: GraphSpec, manifest: Manifest): void {
  const { batch, height, width } = pictureInput(model, spec.input.name);
  checkBatch(batch, spec, manifest);
  for (const [side, dim] of [['height', height] as const, ['width', width] as const]) {
    const fixed = fixedSize(dim);
    const wanted = spec.crop?.size ?? onlySide(manifest);
    if (fixed === null || fixed === wanted) continue;
    const fed = wanted === null ? 'the manifest feeds it pictures of many sizes' : `the manifest says ${wanted}`;
    throw refuse(`the input "${spec.input.name}" has the fixed ${side} ${fixed}; ${fed}`);
  }
  for (const name of spec.outputs) checkOutput(model, name);
}

function checkBatch(batch: DimensionProto, spec: GraphSpec, manifest: Manifest): void {
  const fixed = fixedSize(batch);
  const batches = manifest.role === 'detector' ? [1] : spec.batches;
  if (fixed === null || batches.every((b) => b === fixed)) return;
  throw refuse(
    `the input "${spec.input.name}" takes batches of ${fixed} only; the manifest says ${batches.join(', ')}`,
  );
}

function checkOutput(model: OnnxModel, name: string): void {
  const { output } = model.graph;
  const found = output.find((o) => o.name === name);
  if (found === undefined) {
    throw refuse(`the graph has no output "${name}"; it has ${output.map((o) => `"${o.name}"`).join(', ') || 'none'}`);
  }
  const type = found.type?.tensorType?.elemType;
  // Exporters may leave the type out; the run shows it.
  if (type !== undefined && type !== 0 && type !== DATA_TYPE.float) throw refuse(`the output "${name}" is not float32`);
}

/** The side that every picture has where there is but one; null where it depends on the picture. */
function onlySide(manifest: Manifest): number | null {
  if (manifest.role !== 'detector') return null;
  const { fit, multiple_of: step } = manifest.detector;
  return step >= fit ? step : null;
}

/** A small input that the server may send: the least batch, for detectors a height and width that are unlike where they may be. */
export function smallInput(spec: GraphSpec, manifest: Manifest): ImageShape {
  if (manifest.role !== 'detector') {
    const size = spec.crop?.size ?? 1;
    return [Math.min(...spec.batches), size, size, 3];
  }
  const { fit, multiple_of: step } = manifest.detector;
  const most = Math.ceil(fit / step) * step;
  const side = (least: number): number => Math.min(most, Math.ceil(least / step) * step);
  const height = side(DETECTOR_HEIGHT);
  const width = side(DETECTOR_WIDTH);
  return [1, height, height === width ? Math.min(most, width + step) : width, 3];
}
