/** What people call a process: a model's name means the version that is stable, `model@version` any of them. */
import type { ModelEntry } from '../supervisor/model-entry.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

export type Alias = 'stable' | 'canary' | 'shadow';

export type Names = {
  /** Of a version; null where no alias means it. */
  aliasOf(model: string, version: string): Alias | null;
};

/** Every model has one version, and it is stable. */
export const ONE_NAME: Names = { aliasOf: () => 'stable' };

/** How status and commands name an entry. */
export function shownName(entry: ModelEntry, names: Names): string {
  return names.aliasOf(entry.model, entry.version) === 'stable' ? entry.model : `${entry.model}@${entry.version}`;
}

/** Name of the entry that people mean; what no version is called stays as it is (imaging, the monitor, nobody). */
export function entryNamed(supervisor: Pick<Supervisor, 'models'>, names: Names, given: string): string {
  return [...supervisor.models.values()].find((entry) => shownName(entry, names) === given)?.name ?? given;
}
