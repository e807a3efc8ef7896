/** Golden tensors: what each graph gave, where it was known to be right, for a seeded picture. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FacepoolError } from '../contract/errors.ts';
import { goldenSchema } from '../contract/manifest.ts';
import type { Golden, GraphSpec, Manifest } from '../contract/manifest.ts';

const MAX_GOLDEN_BYTES = 16 * 1024 * 1024;
const FLOAT_BYTES = 4;

/**
 * Reads the golden tensors of a manifest and checks that they fit it.
 * @param dir folder of the manifest
 * @throws FacepoolError `model_failed`
 */
export async function loadGolden(dir: string, manifest: Manifest): Promise<Golden> {
  const label = `${manifest.name}/${manifest.version}/${manifest.golden.file}`;
  const path = join(dir, manifest.golden.file);
  let raw: unknown;
  try {
    if ((await stat(path)).size > MAX_GOLDEN_BYTES) throw new Error(`more than ${MAX_GOLDEN_BYTES} bytes`);
    raw = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new FacepoolError('model_failed', `${label} cannot be read`, { cause: error });
  }
  const parsed = goldenSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    throw new FacepoolError('model_failed', `${label}: ${where}: ${issue?.message ?? 'is wrong'}`);
  }
  const problem = goldenProblem(parsed.data, manifest.graphs);
  if (problem !== null) throw new FacepoolError('model_failed', `${label}: ${problem}`);
  return parsed.data;
}

/** What does not fit, or null. */
export function goldenProblem(golden: Golden, graphs: readonly GraphSpec[]): string | null {
  for (const graph of graphs) {
    const entry = golden.graphs[graph.id];
    if (entry === undefined) return `the graph "${graph.id}" has no golden tensors`;
    const [, height, width] = entry.shape;
    if (graph.crop !== undefined && (height !== graph.crop.size || width !== graph.crop.size)) {
      return `the picture of "${graph.id}" is ${width} × ${height}, its crop ${graph.crop.size}`;
    }
    for (const name of graph.outputs) {
      const output = entry.outputs[name];
      if (output === undefined) return `the output "${name}" of "${graph.id}" is not there`;
      const expected = output.dims.reduce((a, b) => a * b, FLOAT_BYTES);
      if (Buffer.from(output.data, 'base64').byteLength !== expected) {
        return `the output "${name}" of "${graph.id}" has not ${expected} bytes`;
      }
    }
  }
  return null;
}
