/** What differs between two configurations, and what it takes to run by the new one. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ReloadEffect, SettingChange } from '../contract/reload.ts';
import type { Settings } from '../contract/settings.ts';

/** `*` stands for any name, also at the end of a path. The first that fits counts; what fits none needs a restart. */
const EFFECTS: readonly (readonly [pattern: string, effect: ReloadEffect])[] = [
  ['http.allowed_hosts', 'applied'],
  ['http.allowed_origins', 'applied'],
  ['auth.rate_limit_per_minute', 'applied'],
  ['auth.burst', 'applied'],
  // The port's own limit of a request follows from it.
  ['limits.max_timeout_ms', 'needs_restart'],
  ['limits.*', 'applied'],
  ['workers.*', 'applied'],
  ['store.mirrors', 'applied'],
  ['store.offline', 'applied'],
  ['memory.*', 'applied'],
  ['log.level', 'applied'],
  // Decided when the store and the search are opened.
  ['people.enabled', 'needs_restart'],
  ['people.encryption_key_file', 'needs_restart'],
  ['people.search_threads', 'needs_restart'],
  ['people.*', 'applied'],
  ['people.enrol.*', 'applied'],
  ['alert_rules.*', 'applied'],
  ['alert_rules.*.*', 'applied'],
  // Outcomes are kept for one window, whose length is fixed.
  ['rollout.window_ms', 'needs_restart'],
  ['rollout.*', 'applied'],
  ['models.*.residency', 'applied'],
  ['models.*.idle_ttl_ms', 'applied'],
  ['models.*.pin', 'applied'],
  ['models.*.priority', 'applied'],
  ['models.*.memory_limit_mb', 'applied'],
  ['models.*.version', 'model_swapped'],
  ['models.*.device', 'model_restarted'],
  ['models.*.threads', 'model_restarted'],
  ['models.*.opinions', 'model_restarted'],
];

/** Addresses carry tokens, and so do the words and bodies of calls. */
const SECRET = /^(?:alerts\.webhooks|tenants\.[^.]+(?:\.(?:release|reacquire)\.(?:url|body|command))?)$/;
const HIDDEN = '"(not shown)"';

/** One row for each setting that differs, in the order of the schema. An entry that only one of them has is one row. */
export function diffSettings(from: Settings, to: Settings): SettingChange[] {
  const changes: SettingChange[] = [];
  compare([], from, to, changes);
  return changes;
}

function compare(path: readonly string[], from: unknown, to: unknown, changes: SettingChange[]): void {
  if (isDeepStrictEqual(from, to)) return;
  if (isTree(from) && isTree(to)) {
    for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
      compare([...path, key], from[key], to[key], changes);
    }
    return;
  }
  const setting = path.join('.');
  changes.push({ setting, from: shown(setting, from), to: shown(setting, to), effect: effectOf(path) });
}

/** What a change of this setting takes, as far as the setting alone says. */
export function effectOf(path: readonly string[]): ReloadEffect {
  const found = EFFECTS.find(([pattern]) => {
    const parts = pattern.split('.');
    return parts.length === path.length && parts.every((part, i) => part === '*' || part === path[i]);
  });
  return found?.[1] ?? 'needs_restart';
}

function shown(setting: string, value: unknown): string | null {
  if (value === undefined) return null;
  return SECRET.test(setting) ? HIDDEN : JSON.stringify(value);
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
