/** Prepares a model, and fetches its weights first where the settings allow it. */
import { neededGraphs } from './catalogue.ts';
import { pull } from './pull.ts';
import type { PullProgress } from './pull.ts';
import { prepareModel } from './resolve.ts';
import type { PreparedModel, PrepareOptions } from './resolve.ts';
import { storeOptions } from './store.ts';
import type { Settings } from '../contract/settings.ts';

export type ObtainOptions = PrepareOptions & {
  readonly onProgress?: (progress: PullProgress & { readonly model: string }) => void;
};

/** As `prepareModel`; what is missing locally is downloaded unless `store.offline` is set. What cannot be had stays missing. */
export async function obtainModel(settings: Settings, name: string, options: ObtainOptions): Promise<PreparedModel> {
  const prepared = await prepareModel(settings, name, options);
  const wanted = new Set(prepared.missing.map((m) => m.graph));
  const graphs = neededGraphs(prepared.manifest, settings.models[name]?.opinions === true).filter(
    (g) => wanted.has(g.id) && g.urls.length > 0,
  );
  if (settings.store.offline || graphs.length === 0) return prepared;
  await pull(prepared.manifest, {
    store: storeOptions(settings),
    graphs,
    onProgress: (progress) => options.onProgress?.({ ...progress, model: name }),
    signal: options.signal,
  });
  return prepareModel(settings, name, options);
}

/** The settings, as if they named this version of a model, with or without its second opinions. */
export function withVersion(settings: Settings, name: string, version: string, opinions: boolean): Settings {
  const model = settings.models[name];
  if (model === undefined) return settings;
  return { ...settings, models: { ...settings.models, [name]: { ...model, version, opinions } } };
}
