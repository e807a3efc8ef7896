/** One import: read and check the graph, rewrite what is slow, prepend the preprocessing, write it, prove that it says the same. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import process from 'node:process';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ImportParams, ImportResult } from '../../src/contract/importer.ts';
import { compareGraphs } from './compare.ts';
import { mergeBranches } from './merge-branches.ts';
import { encodeModel, readModel } from './model-file.ts';
import { prependPreprocessing } from './prepend.ts';
import { rewritePRelu } from './rewrite-prelu.ts';

/**
 * The target appears under its name only when it is complete and verified, so two importers of one target
 * cannot hurt each other: the second replaces the file with the same bytes.
 * @throws FacepoolError `model_failed` with what is wrong
 */
export async function importGraph(params: ImportParams): Promise<ImportResult> {
  const { source, graph } = params;
  const model = await prepared(source, graph, true);
  if (model.merged === 0) return put(model, params);
  try {
    return await put(model, params);
  } catch (error) {
    if (!(error instanceof FacepoolError) || error.code !== 'model_failed') throw error;
    // Sums in another order can be another answer where something behind them sorts. It is a gain in speed only.
    return put(await prepared(source, graph, false), params);
  }
}

async function prepared(source: string, graph: ImportParams['graph'], merges: boolean) {
  const model = await readModel(source);
  rewritePRelu(model);
  const merged = merges ? mergeBranches(model) : 0;
  prependPreprocessing(model, graph.input);
  return { bytes: encodeModel(model), merged };
}

/** Writes the graph, and proves that it says what the source says. */
async function put(
  { bytes }: { readonly bytes: Uint8Array },
  { source, target, graph }: ImportParams,
): Promise<ImportResult> {
  const temporary = `${target}.${process.pid}-${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    const { maxAbsDiff } = await compareGraphs(source, temporary, graph);
    await rename(temporary, target);
    return { bytes: bytes.byteLength, verified: true, maxAbsDiff };
  } finally {
    await rm(temporary, { force: true });
  }
}
