/**
 * All model versions: those that came with the server, `<models_dir>/<name>/<version>/manifest.yaml`, and those that were
 * registered while it ran, `<data_dir>/models/<name>/<version>/manifest.yaml`.
 */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FacepoolError } from '../contract/errors.ts';
import type { GraphSpec, Manifest } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import { MANIFEST_FILE, loadManifest } from './manifest-file.ts';

export type VersionSource = 'bundled' | 'staged';

export type CatalogueEntry = {
  readonly name: string;
  readonly version: string;
  readonly source: VersionSource;
  /** Folder of the manifest, the licence texts and the golden tensors. */
  readonly dir: string;
  readonly manifest: Manifest;
};

export type CatalogueProblem = {
  readonly name: string;
  readonly version: string;
  readonly source: VersionSource;
  readonly error: FacepoolError;
};

export type Catalogue = {
  /** By name, then by version. */
  readonly entries: readonly CatalogueEntry[];
  /** Manifests that could not be read; one broken file does not hide the others. */
  readonly problems: readonly CatalogueProblem[];
};

export function modelDir(modelsDir: string, name: string, version: string): string {
  return join(modelsDir, name, version);
}

/** Where versions are kept that were registered while the server ran. */
export function stagedModelsDir(settings: Settings): string {
  return join(settings.data_dir, 'models');
}

/**
 * Where a version of both places has one name, the one that came with the server counts.
 * @param stagedDir `stagedModelsDir` of the settings; it need not exist
 * @throws FacepoolError `invalid_argument` when `modelsDir` cannot be read
 */
export async function loadCatalogue(modelsDir: string, stagedDir?: string): Promise<Catalogue> {
  const bundled = await readTree(modelsDir, 'bundled', await folders(modelsDir));
  if (stagedDir === undefined || resolve(stagedDir) === resolve(modelsDir)) return bundled;
  const names = await folders(stagedDir).catch(() => []);
  const staged = await readTree(stagedDir, 'staged', names);
  const known = new Set([...bundled.entries, ...bundled.problems].map(labelOf));
  const isNew = (version: VersionLabel): boolean => !known.has(labelOf(version));
  const hidden = [...staged.entries, ...staged.problems].filter((version) => !isNew(version));
  return {
    entries: [...bundled.entries, ...staged.entries.filter(isNew)].sort(byLabel),
    problems: [...bundled.problems, ...staged.problems.filter(isNew), ...hidden.map(hiddenProblem)].sort(byLabel),
  };
}

async function readTree(root: string, source: VersionSource, names: readonly string[]): Promise<Catalogue> {
  const entries: CatalogueEntry[] = [];
  const problems: CatalogueProblem[] = [];
  for (const name of names) {
    for (const version of await folders(join(root, name))) {
      const dir = modelDir(root, name, version);
      if (!(await readdir(dir)).includes(MANIFEST_FILE)) continue;
      try {
        entries.push({ name, version, source, dir, manifest: await loadManifest(dir) });
      } catch (error) {
        if (!(error instanceof FacepoolError)) throw error;
        problems.push({ name, version, source, error });
      }
    }
  }
  return { entries, problems };
}

type VersionLabel = { readonly name: string; readonly version: string };

const labelOf = ({ name, version }: VersionLabel): string => `${name}/${version}`;
const byLabel = (a: VersionLabel, b: VersionLabel): number => compare(a.name, b.name) || compare(a.version, b.version);
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** An upgrade may bring a version whose name was registered before. */
function hiddenProblem({ name, version }: VersionLabel): CatalogueProblem {
  const detail = `${name}/${version}: registered here before the server came with a version of this name; that one counts`;
  return { name, version, source: 'staged', error: new FacepoolError('conflict', detail) };
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
