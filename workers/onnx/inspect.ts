/**
 * Looks at the files of a new version. All of them are read and checked before the runtime sees the first; then each runs
 * as the float graph it is, once as small and once as large as the server will ask for, and the family's decoder reads
 * what came out. What the small runs gave is the golden record, so a wrong import shows.
 */
import { stat } from 'node:fs/promises';
import process from 'node:process';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Golden, GraphSpec, Manifest } from '../../src/contract/manifest.ts';
import type { InspectedGraph, InspectParams, InspectResult } from '../../src/contract/importer.ts';
import type { Decode, GraphRun } from '../decoders/decoder.ts';
import { decoderFor } from '../decoders/table.ts';
import { RUNTIME, openSession } from '../session.ts';
import { goldenRecord, runSeeded } from './golden-record.ts';
import { readModel, refuse } from './model-file.ts';
import type { ImageShape } from './reference.ts';
import { checkSignature, smallInput } from './signature.ts';
import { checkSupported } from './supported.ts';

/** Base64 of all outputs: ten times what a detector gives for a picture of 640 × 640. */
const MOST_OUTPUT_CHARS = 8_000_000;
const MADE_WITH = `${RUNTIME}, CPU, ${process.platform} ${process.arch}`;

/** @throws FacepoolError `model_failed` or `memory_exhausted`; what is about one file names it, and has it as `param` */
export async function inspectVersion({ manifest, sources }: InspectParams): Promise<InspectResult> {
  const decode = decoderFor(manifest);
  const files = manifest.graphs.map((spec) => ({ spec, path: sourceOf(spec, sources) }));
  const graphs: InspectedGraph[] = [];
  for (const { spec, path } of files) graphs.push(await named(spec, () => inspectFile(spec, manifest, path)));

  const golden: Golden['graphs'] = {};
  const small: GraphRun[] = [];
  const large: GraphRun[] = [];
  let outputChars = 0;
  for (const [index, { spec, path }] of files.entries()) {
    const seed = index + 1;
    const runs = await named(spec, () => tryRuns(spec, manifest, path, seed));
    const record = goldenRecord(spec, smallInput(spec, manifest), seed, runs.small.outputs);
    golden[spec.id] = record;
    outputChars += Object.values(record.outputs).reduce((sum, { data }) => sum + data.length, 0);
    if (outputChars > MOST_OUTPUT_CHARS)
      throw refuse(`${spec.file}: what it gives for one picture is too much to be kept`);
    small.push(runs.small);
    large.push(runs.large);
  }
  for (const runs of [small, large]) readOutputs(decode, runs, manifest);
  return { graphs, golden: { schema: 1, made_with: MADE_WITH, graphs: golden } };
}

async function inspectFile(spec: GraphSpec, manifest: Manifest, path: string): Promise<InspectedGraph> {
  const model = await readModel(path);
  const { size } = await stat(path);
  const facts = checkSupported(model, size);
  checkSignature(model, spec, manifest);
  return { graph: spec.id, ...facts };
}

type Runs = { readonly small: GraphRun; readonly large: GraphRun };

async function tryRuns(spec: GraphSpec, manifest: Manifest, path: string, seed: number): Promise<Runs> {
  const session = await openSession(path, { threads: 1 });
  const run = async (shape: ImageShape): Promise<GraphRun> => ({
    graph: spec,
    shape: [...shape],
    count: shape[0],
    outputs: await runSeeded(session, spec, shape, seed),
  });
  try {
    const [least, height, width] = smallInput(spec, manifest);
    const small = await run([least, height, width, 3]);
    const most = manifest.role === 'detector' ? 1 : Math.max(...spec.batches);
    return { small, large: most === least ? small : await run([most, height, width, 3]) };
  } finally {
    await session.release();
  }
}

/** The decoder refuses outputs that are missing, of another shape than the family's, or not finite. */
function readOutputs(decode: Decode, runs: readonly GraphRun[], manifest: Manifest): void {
  const [, height = 0, width = 0] = runs[0]?.shape ?? [];
  const detect =
    manifest.role === 'detector' ? { width, height, scoreThreshold: manifest.detector.score_threshold } : undefined;
  decode(runs, detect);
}

function sourceOf(spec: GraphSpec, sources: InspectParams['sources']): string {
  const path = sources[spec.id];
  if (path === undefined) throw refuse(`the file of graph "${spec.id}" is not there`);
  return path;
}

/** Says which file an error is about. */
async function named<T>(spec: GraphSpec, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FacepoolError)) throw error;
    throw new FacepoolError(error.code, `${spec.file}: ${error.message}`, { param: spec.file, cause: error });
  }
}
