/** Which model versions a `models` command is about. */
import type { GraphSpec, Manifest } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import { type Catalogue, loadCatalogue, neededGraphs, stagedModelsDir } from '../models/catalogue.ts';
import { openVersion } from '../models/versions.ts';
import { didYouMean } from '../util/nearest.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

export type Selected = { readonly manifest: Manifest; readonly graphs: readonly GraphSpec[] };

/** What the server of these settings runs: the chosen version of each enabled model, and the graphs that it loads. */
export async function selectConfigured(settings: Settings): Promise<Selected[]> {
  const enabled = Object.entries(settings.models).filter(([, model]) => model.enabled);
  return Promise.all(
    enabled.map(async ([name, model]) => {
      const { manifest } = await openVersion(settings, name, model.version);
      return { manifest, graphs: neededGraphs(manifest, model.opinions) };
    }),
  );
}

/**
 * `words`: `name` (the configured version, or all where none is configured) or `name/version`, with all graphs.
 * Without words the configured models. Throws `CliError` (refused) for what the catalogue does not have.
 */
export async function selectModels(settings: Settings, words: readonly string[], all: boolean): Promise<Selected[]> {
  if (words.length === 0 && !all) return selectConfigured(settings);
  const catalogue = await loadCatalogue(settings.store.models_dir, stagedModelsDir(settings));
  if (all) return catalogue.entries.map(whole);
  return words.flatMap((word) => selectWord(settings, catalogue, word));
}

function selectWord(settings: Settings, catalogue: Catalogue, word: string): Selected[] {
  const configured = settings.models[word]?.version;
  const found = catalogue.entries.filter(({ name, version }) =>
    word.includes('/') ? `${name}/${version}` === word : name === word && (configured ?? version) === version,
  );
  if (found.length > 0) return found.map(whole);
  const broken = catalogue.problems.find(({ name, version }) => word === name || word === `${name}/${version}`);
  if (broken !== undefined) throw broken.error;
  const names = catalogue.entries.flatMap(({ name, version }) => [name, `${name}/${version}`]);
  const hint = didYouMean(word, names) || '; see: facepool models list';
  throw new CliError(EXIT.refused, `there is no model "${word}"${hint}`);
}

function whole({ manifest }: { readonly manifest: Manifest }): Selected {
  return { manifest, graphs: manifest.graphs };
}
