/** The golden tensors of a new version: those that came with it, or those that its float graphs gave. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FacepoolError } from '../../contract/errors.ts';
import { goldenSchema } from '../../contract/manifest.ts';
import type { Golden, GraphSpec, Manifest } from '../../contract/manifest.ts';
import { goldenProblem, loadGolden } from '../golden.ts';
import { hasMoreParts } from './parts.ts';
import { invalid } from './refuse.ts';

/** Sixteen graphs of a dozen outputs have half of it. */
const MOST_PARTS = 10_000;

/**
 * @param dir of the manifest, with its golden file
 * @throws FacepoolError `invalid_argument` with the file as `param`
 */
export async function readUploadedGolden(dir: string, manifest: Manifest): Promise<Golden> {
  const { file } = manifest.golden;
  if (hasMoreParts(await readFile(join(dir, file), 'utf8'), MOST_PARTS)) {
    throw invalid(file, `${file} has more than ${MOST_PARTS} values`);
  }
  const golden = await loadGolden(dir, manifest).catch((error: unknown) => {
    throw error instanceof FacepoolError ? invalid(file, error.message, error) : error;
  });
  for (const graph of manifest.graphs) {
    const shape = golden.graphs[graph.id]?.shape ?? [];
    if (isServed(shape, graph, manifest)) continue;
    throw invalid(
      file,
      `${file}: the picture of "${graph.id}" is ${shape.join(' × ')}, which the server never feeds it`,
    );
  }
  return golden;
}

/**
 * @param made by the child that looked at the files, which may say anything
 * @throws FacepoolError `model_failed`
 */
export async function writeGolden(dir: string, manifest: Manifest, made: unknown): Promise<Golden> {
  const parsed = goldenSchema.safeParse(made);
  const problem = parsed.success ? goldenProblem(parsed.data, manifest.graphs) : 'it is none';
  if (!parsed.success || problem !== null) {
    throw new FacepoolError('model_failed', `no golden tensors could be made of the graphs: ${problem}`);
  }
  const text = `${JSON.stringify(parsed.data)}\n`;
  await writeFile(join(dir, manifest.golden.file), text, { flag: 'wx', mode: 0o600, flush: true });
  return parsed.data;
}

/** A file may ask for any shape, and the worker would make room for it. */
function isServed(shape: readonly number[], { crop, batches }: GraphSpec, manifest: Manifest): boolean {
  const [batch = 0, height = 0, width = 0] = shape;
  if (manifest.role !== 'detector') {
    return batch <= Math.max(...batches) && height === crop?.size && width === crop.size;
  }
  const { fit, multiple_of: step } = manifest.detector;
  const most = Math.ceil(fit / step) * step;
  return batch === 1 && [height, width].every((side) => side > 0 && side <= most && side % step === 0);
}
