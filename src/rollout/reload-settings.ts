/** Single settings by their names (`limits.pixels`), copied from one configuration to another. */
import type { Settings } from '../contract/settings.ts';

type Tree = Record<string, unknown>;

/** Sets it in `to`, in place; an entry that `from` has no longer is gone from `to` as well. */
export function copySetting(from: Readonly<Settings>, to: Settings, setting: string): void {
  const path = setting.split('.');
  const key = path.at(-1) ?? '';
  const [source, target] = [sectionOf(from, path), sectionOf(to, path)];
  if (target === undefined) return;
  const value = source?.[key];
  if (value === undefined) delete target[key];
  else target[key] = structuredClone(value);
}

function sectionOf(settings: Settings, path: readonly string[]): Tree | undefined {
  let section: unknown = settings;
  for (const key of path.slice(0, -1)) section = isTree(section) ? section[key] : undefined;
  return isTree(section) ? section : undefined;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
