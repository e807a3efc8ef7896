/** All model versions of a directory: `<models_dir>/<name>/<version>/manifest.yaml`. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FacepoolError } from '../contract/errors.ts';
import type { GraphSpec, Manifest } from '../contract/manifest.ts';
import { MANIFEST_FILE, loadManifest } from './manifest-file.ts';

export type CatalogueEntry = {
  readonly name: string;
  readonly version: string;
  /** Folder of the manifest, the licence texts and the golden tensors. */
  readonly dir: string;
  readonly manifest: Manifest;
};

export type CatalogueProblem = { readonly name: string; readonly version: string; readonly error: FacepoolError };

export type Catalogue = {
  /** By name, then by version. */
  readonly entries: readonly CatalogueEntry[];
  /** Manifests that could not be read; one broken file does not hide the others. */
  readonly problems: readonly CatalogueProblem[];
};

export function modelDir(modelsDir: string, name: string, version: string): string {
  return join(modelsDir, name, version);
}

/** @throws FacepoolError `invalid_argument` when `modelsDir` cannot be read */
export async function loadCatalogue(modelsDir: string): Promise<Catalogue> {
  const entries: CatalogueEntry[] = [];
  const problems: CatalogueProblem[] = [];
  for (const name of await folders(modelsDir)) {
    for (const version of await folders(join(modelsDir, name))) {
      const dir = modelDir(modelsDir, name, version);
      if (!(await readdir(dir)).includes(MANIFEST_FILE)) continue;
      try {
        entries.push({ name, version, dir, manifest: await loadManifest(dir) });
      } catch (error) {
        if (!(error instanceof FacepoolError)) throw error;
        problems.push({ name, version, error });
      }
    }
  }
  return { entries, problems };
}

/**
 * The graphs that a process loads: all, without the second opinions unless they are asked for.
 * @param opinions the setting `models.<name>.opinions`
 */
export function neededGraphs(manifest: Manifest, opinions: boolean): readonly GraphSpec[] {
  return manifest.graphs.filter((graph) => opinions || graph.use !== 'opinion');
}

async function folders(dir: string): Promise<string[]> {
  const found = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw new FacepoolError('invalid_argument', 'the directory of manifests cannot be read', {
      param: 'store.models_dir',
      cause: error,
    });
  });
  return found
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}
