/**
 * Weights and imported graphs that only one version needs. A staging writes down what it is about to place outside its
 * folder; what no version uses is taken back, after a failure, after a crash, and when a version is removed.
 */
import { readFile, readdir, rm } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import * as z from 'zod';
import type { Manifest } from '../../contract/manifest.ts';
import type { Settings } from '../../contract/settings.ts';
import { replacePrivate } from '../../util/private-file.ts';
import { loadCatalogue, stagedModelsDir } from '../catalogue.ts';
import { importedDir, importHash } from '../import.ts';
import { storeOptions } from '../store.ts';

const placedSchema = z.strictObject({
  /** sha256 of weights that were not in the cache. */
  weights: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
  /** The part of the names of imported graphs that does not depend on the runtime. */
  imported: z.array(z.string().regex(/^[0-9a-f]{32}$/)),
});
export type Placed = z.infer<typeof placedSchema>;

const PLACED_FILE = 'placed.json';

/** On the disk before it happens. */
export function writePlaced(areaDir: string, placed: Placed): void {
  replacePrivate(join(areaDir, PLACED_FILE), JSON.stringify(placed));
}

export async function takeBack(settings: Settings, areaDir: string): Promise<void> {
  let placed: Placed;
  try {
    placed = placedSchema.parse(JSON.parse(await readFile(join(areaDir, PLACED_FILE), 'utf8')));
  } catch {
    // Nothing was placed yet: this file is complete before the first thing leaves.
    return;
  }
  await dropUnused(settings, placed);
}

/** What a version placed, or would have. */
export function placedBy(manifest: Manifest): Placed {
  return {
    weights: [...new Set(manifest.graphs.map((graph) => graph.sha256))],
    imported: [...new Set(manifest.graphs.map(importHash))],
  };
}

/**
 * Removes what no version of the catalogue needs. A cache outside the data directory may serve other servers too: nothing
 * is removed from it.
 */
export async function dropUnused(settings: Settings, placed: Placed): Promise<void> {
  const { entries } = await loadCatalogue(settings.store.models_dir, stagedModelsDir(settings));
  const used = entries.map(({ manifest }) => placedBy(manifest));
  const weights = new Set(used.flatMap((u) => u.weights));
  const imported = new Set(used.flatMap((u) => u.imported));
  const { cacheDir } = storeOptions(settings);
  if (isWithin(cacheDir, settings.data_dir)) {
    for (const sha256 of placed.weights) {
      if (!weights.has(sha256)) await rm(join(cacheDir, sha256), { recursive: true, force: true });
    }
  }
  const dir = importedDir(settings.data_dir);
  const files = await readdir(dir).catch(() => []);
  const gone = placed.imported.filter((hash) => !imported.has(hash));
  for (const file of files) {
    if (gone.some((hash) => file.startsWith(`${hash}-`))) await rm(join(dir, file), { force: true });
  }
}

function isWithin(folder: string, outer: string): boolean {
  const way = relative(resolve(outer), resolve(folder));
  return way !== '' && !way.startsWith('..') && !isAbsolute(way);
}
