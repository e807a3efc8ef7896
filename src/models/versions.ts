/** The versions of one model, wherever they came from. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FacepoolError } from '../contract/errors.ts';
import type { Manifest } from '../contract/manifest.ts';
import { versionName } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import { type Registration, registrationSchema } from '../contract/versions.ts';
import { loadCatalogue, modelDir, stagedModelsDir } from './catalogue.ts';
import type { VersionSource } from './catalogue.ts';
import { loadManifest } from './manifest-file.ts';

/** Beside the manifest of a staged version. */
export const REGISTRATION_FILE = 'registered.json';

type Common = {
  readonly version: string;
  readonly source: VersionSource;
  /** Who registered it and when; null for bundled versions, and where that was lost. */
  readonly registration: Registration | null;
};
/** A version that can be used. */
export type SoundVersion = Common & {
  /** Folder of the manifest, the licence texts and the golden tensors. */
  readonly dir: string;
  readonly manifest: Manifest;
  readonly problem: null;
};
/** A version whose manifest cannot be read, and why. */
export type BrokenVersion = Common & { readonly dir: null; readonly manifest: null; readonly problem: FacepoolError };
export type ModelVersion = SoundVersion | BrokenVersion;

/** By name. Empty for a model that nobody knows. */
export async function listVersions(settings: Settings, model: string): Promise<ModelVersion[]> {
  const { entries, problems } = await loadCatalogue(settings.store.models_dir, stagedModelsDir(settings));
  const sound = entries
    .filter(({ name }) => name === model)
    .map(async ({ version, source, dir, manifest }): Promise<ModelVersion> => {
      const registration = source === 'staged' ? await readRegistration(dir) : null;
      return { version, source, dir, manifest, registration, problem: null };
    });
  const known = new Set(entries.filter(({ name }) => name === model).map(({ version }) => version));
  const broken = problems
    .filter(({ name, version }) => name === model && !known.has(version))
    .map(({ version, source, error }): ModelVersion => {
      return { version, source, dir: null, manifest: null, registration: null, problem: error };
    });
  const versions = [...(await Promise.all(sound)), ...broken];
  return versions.sort((a, b) => (a.version < b.version ? -1 : 1));
}

/** Null where there is none of this name. Reads no other manifest: a start asks this of every model. */
export async function findVersion(settings: Settings, model: string, version: string): Promise<ModelVersion | null> {
  // What becomes part of a path.
  if (![model, version].every((name) => versionName.safeParse(name).success)) return null;
  const bundled = await readVersion(modelDir(settings.store.models_dir, model, version), 'bundled');
  return bundled ?? readVersion(modelDir(stagedModelsDir(settings), model, version), 'staged');
}

async function readVersion(dir: string, source: VersionSource): Promise<ModelVersion | null> {
  const common = { version: basename(dir), source };
  try {
    const manifest = await loadManifest(dir);
    const registration = source === 'staged' ? await readRegistration(dir) : null;
    return { ...common, dir, manifest, registration, problem: null };
  } catch (error) {
    if (!(error instanceof FacepoolError)) throw error;
    if (error.code === 'model_missing') return null;
    return { ...common, dir: null, manifest: null, registration: null, problem: error };
  }
}

/** @throws FacepoolError `model_missing` where there is none of this name, `model_failed` for a wrong manifest */
export async function openVersion(settings: Settings, model: string, version: string): Promise<SoundVersion> {
  const found = await findVersion(settings, model, version);
  if (found === null) throw new FacepoolError('model_missing', `there is no version "${version}" of ${model}`);
  if (found.problem !== null) throw found.problem;
  return found;
}

async function readRegistration(dir: string): Promise<Registration | null> {
  try {
    return registrationSchema.parse(JSON.parse(await readFile(join(dir, REGISTRATION_FILE), 'utf8')));
  } catch {
    return null;
  }
}
