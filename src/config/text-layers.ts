/** The layers that are written as text: `FACEPOOL_<SECTION>_<KEY>` and flags. */
import { ENV_PARENT_PID, ENV_WORKER_ID } from '../contract/protocol.ts';
import { didYouMean } from '../util/nearest.ts';
import type { Assignment, Layer } from './assignment.ts';
import { NAMED_SECTIONS, type NamedSections } from './named-sections.ts';
import { resolvePaths } from './paths.ts';
import { envName, findSpec, SETTING_INDEX } from './setting-index.ts';

/** The environment variable that names the configuration file. */
export const ENV_CONFIG_FILE = 'FACEPOOL_CONFIG';

/** Names that are no settings: the file's name and what the supervisor tells its children. */
const NOT_SETTINGS: ReadonlySet<string> = new Set([ENV_CONFIG_FILE, ENV_PARENT_PID, ENV_WORKER_ID]);

export type Environment = Readonly<Record<string, string | undefined>>;

/** One `key=value` of the command line; `flag` is how messages name it. */
export type FlagSetting = { readonly key: string; readonly value: string; readonly flag: string };

/** Paths of all settings, with `*` replaced by each name that the files use in that section. */
function concretePaths(named: NamedSections): (readonly string[])[] {
  const namesOf = (section: string | undefined): string[] => {
    const found = NAMED_SECTIONS.find((known) => known === section);
    return found === undefined ? [] : [...named[found].keys()];
  };
  return SETTING_INDEX.flatMap((spec) =>
    spec.path.includes('*')
      ? namesOf(spec.path[0]).map((name) => spec.path.map((key) => (key === '*' ? name : key)))
      : [spec.path],
  );
}

/** `named`: what files configure; a new model or tenant belongs in a file, so that a misspelt name is found. */
export function readEnvLayer(env: Environment, named: NamedSections, cwd: string): Layer {
  const byName = new Map(concretePaths(named).map((path) => [envName(path), path]));
  const assignments: Assignment[] = [];
  const problems: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('FACEPOOL_') || NOT_SETTINGS.has(name) || text === undefined) continue;
    const path = byName.get(name);
    if (path === undefined) {
      problems.push(`${name} (environment): unknown setting${didYouMean(name, byName.keys())}`);
    } else {
      assignments.push(fromText(path, text, name, cwd));
    }
  }
  return { assignments, entries: [], problems };
}

export function readFlagLayer(flags: readonly FlagSetting[], named: NamedSections, cwd: string): Layer {
  const byKey = new Map(concretePaths(named).map((path) => [path.join('.'), path]));
  const assignments: Assignment[] = [];
  const problems: string[] = [];
  for (const { key, value, flag } of flags) {
    const path = byKey.get(key);
    if (path === undefined) problems.push(`${key} (${flag}): unknown setting${didYouMean(key, byKey.keys())}`);
    else assignments.push(fromText(path, value, flag, cwd));
  }
  return { assignments, entries: [], problems };
}

function fromText(path: readonly string[], text: string, origin: string, cwd: string): Assignment {
  const value = findSpec(path)?.parse(text);
  return { path, value: resolvePaths(path, value, cwd), origin };
}
