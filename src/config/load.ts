/** File + environment + flags → frozen settings. Later layers win: defaults, the user's file, environment, flags. */
import { isAbsolute, relative, resolve } from 'node:path';
import { type Settings, settingsSchema } from '../contract/settings.ts';
import { deepFreeze } from '../util/deep-freeze.ts';
import type { Layer } from './assignment.ts';
import { ConfigError } from './config-error.ts';
import { crossFaults } from './cross-faults.ts';
import {
  completeModel,
  completeRule,
  completeTenant,
  groupEntries,
  NAMED_SECTIONS,
  type Values,
} from './named-sections.ts';
import { DEFAULT_CONFIG_FILE, PROJECT_DIR } from './paths.ts';
import { findSpec } from './setting-index.ts';
import { fitSocketPath } from './socket-path.ts';
import { ENV_CONFIG_FILE, type Environment, type FlagSetting, readEnvLayer, readFlagLayer } from './text-layers.ts';
import { readYamlLayer } from './yaml-layer.ts';

export type LoadOptions = {
  /** The user's file; without it, the one that FACEPOOL_CONFIG names, if any. */
  readonly file?: string | undefined;
  readonly env: Environment;
  readonly flags?: readonly FlagSetting[] | undefined;
  readonly cwd: string;
};

export type LoadedSettings = {
  readonly settings: Settings;
  /** Setting (`http.port`) → where its value comes from. */
  readonly origins: ReadonlyMap<string, string>;
  /** The user's file, absolute. */
  readonly file: string | undefined;
};

/** Throws `ConfigError` that names every wrong setting. */
export function loadSettings(options: LoadOptions): Settings {
  return loadSettingsWithOrigins(options).settings;
}

/** As `loadSettings`, and says where each value comes from. */
export function loadSettingsWithOrigins(options: LoadOptions): LoadedSettings {
  const { env, cwd } = options;
  const given = options.file ?? (env[ENV_CONFIG_FILE] || undefined);
  const file = given === undefined ? undefined : resolve(cwd, given);
  const values: Values = new Map();
  const problems: string[] = [];
  const entries: Layer['entries'][number][] = [];
  const add = (layer: Layer): void => {
    problems.push(...layer.problems);
    entries.push(...layer.entries);
    for (const assignment of layer.assignments) values.set(assignment.path.join('.'), assignment);
  };

  add(readYamlLayer(DEFAULT_CONFIG_FILE, 'config/default.yaml', PROJECT_DIR));
  const defaultModels = entries.filter(({ section }) => section === 'models').map(({ name }) => name);
  if (file !== undefined) add(readYamlLayer(file, shorten(file, cwd)));
  const named = groupEntries(entries);
  add(readEnvLayer(env, named, cwd));
  add(readFlagLayer(options.flags ?? [], named, cwd));
  for (const [name, origin] of named.models) problems.push(...completeModel(values, name, origin, defaultModels));
  for (const [name, origin] of named.tenants) problems.push(...completeTenant(values, name, origin));
  for (const [name, origin] of named.alert_rules) problems.push(...completeRule(values, name, origin));

  problems.push(...findFaults(values));
  if (problems.length > 0) throw new ConfigError(problems);
  const origins = new Map([...values].map(([key, { origin }]) => [key, origin]));
  return { settings: deepFreeze(derive(toTree(values), origins)), origins, file };
}

function shorten(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short.startsWith('..') || isAbsolute(short) ? file : short;
}

function toTree(values: Values): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const { path, value } of values.values()) {
    let section = tree;
    for (const key of path.slice(0, -1)) {
      // No prototype: a model named `__proto__` must stay a plain key until the schema refuses it.
      section[key] ??= Object.create(null) as Record<string, unknown>;
      section = section[key] as Record<string, unknown>;
    }
    const last = path.at(-1);
    if (last !== undefined) section[last] = value;
  }
  return tree;
}

function findFaults(values: Values): string[] {
  const parsed = settingsSchema.safeParse(toTree(values));
  if (parsed.success) return crossFaults(parsed.data, (setting) => values.get(setting)?.origin ?? 'default');
  const faults = parsed.error.issues.map((issue) => describeFault(issue.path.map(String), issue.message, values));
  return [...new Set(faults.filter((fault) => fault !== undefined))];
}

function describeFault(path: readonly string[], message: string, values: Values): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const found = values.get(path.slice(0, length).join('.'));
    if (found === undefined) continue;
    const allowed = findSpec(found.path)?.allowed ?? message;
    return `${found.path.join('.')} (${found.origin}): ${JSON.stringify(found.value)} is not allowed; allowed: ${allowed}`;
  }
  const [section, name] = path;
  const isNamed = NAMED_SECTIONS.some((known) => known === section);
  if (!isNamed || section === undefined || name === undefined) return `${path.join('.')}: ${message}`;
  // What an entry lacks was told when it was completed.
  if (path.length > 2) return undefined;
  const what = section.slice(0, -1).replace('_', ' ');
  return `${section}.${name}: not a ${what} name; allowed: small letters, digits and dashes`;
}

/** Fills what is derived from other settings. */
function derive(tree: Record<string, unknown>, origins: Map<string, string>): Settings {
  const settings = settingsSchema.parse(tree);
  if (settings.admin.socket === '') {
    settings.admin.socket = resolve(settings.data_dir, 'admin.sock');
    origins.set('admin.socket', 'from data_dir');
  }
  settings.admin.socket = fitSocketPath(settings.admin.socket);
  if (settings.store.cache_dir === '') {
    settings.store.cache_dir = resolve(settings.data_dir, 'weights');
    origins.set('store.cache_dir', 'from data_dir');
  }
  return settings;
}
