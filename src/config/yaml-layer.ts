/** A YAML file → assignments with their lines. Unknown keys are found here, where the line is known. */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type * as Yaml from 'yaml';
import { keptResult } from '../util/kept-result.ts';
import { didYouMean } from '../util/nearest.ts';
import { yamlLibrary } from '../util/yaml-library.ts';
import type { Assignment, Layer, NamedEntry } from './assignment.ts';
import { ConfigError } from './config-error.ts';
import { PATHS_CODE, resolvePaths } from './paths.ts';
import { childKeys, findSpec, SETTING_INDEX } from './setting-index.ts';

type Reader = {
  readonly yaml: typeof Yaml;
  readonly doc: Yaml.Document;
  readonly lines: Yaml.LineCounter;
  readonly shownAs: string;
  readonly baseDir: string;
  readonly assignments: Assignment[];
  readonly entries: NamedEntry[];
  readonly problems: string[];
};

/**
 * Reads a configuration file. `shownAs` is how messages name it; `baseDir` is what its relative paths are
 * relative to. Throws `ConfigError` where the file cannot be read or is no YAML.
 */
export function readYamlLayer(file: string, shownAs: string, baseDir: string = dirname(file)): Layer {
  const text = readText(file, shownAs);
  return keptResult({
    slot: basename(file),
    code: [import.meta.url, PATHS_CODE],
    facts: [text, shownAs, baseDir, JSON.stringify(SETTING_INDEX.map(({ path }) => path))],
    make: () => {
      const value = parseLayer(text, shownAs, baseDir);
      return { value, keep: value.problems.length === 0 };
    },
  });
}

function parseLayer(text: string, shownAs: string, baseDir: string): Layer {
  const yaml = yamlLibrary();
  const lines = new yaml.LineCounter();
  const doc = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = doc.errors.map((e) => `${shownAs}:${lines.linePos(e.pos[0]).line}: not valid YAML: ${e.message}`);
  if (faults.length > 0) throw new ConfigError(faults);
  const reader: Reader = { yaml, doc, lines, shownAs, baseDir, assignments: [], entries: [], problems: [] };
  readSection(reader, doc.contents, [], shownAs);
  return { assignments: reader.assignments, entries: reader.entries, problems: reader.problems };
}

function readText(file: string, shownAs: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const why = { ENOENT: 'there is no such file', EACCES: 'no permission to read it', EISDIR: 'it is a directory' }[
      code
    ];
    throw new ConfigError([`${shownAs}: cannot read the configuration: ${why ?? code}`], { cause: error });
  }
}

function readSection(reader: Reader, given: unknown, path: readonly string[], origin: string): void {
  const { isAlias, isMap, isScalar } = reader.yaml;
  const node = isAlias(given) ? given.resolve(reader.doc) : given;
  // A section of which every line is commented out.
  const empty = node === null || node === undefined || (isScalar(node) && node.value === null);
  if (!empty && !isMap(node)) {
    const name = path.length === 0 ? 'the file' : path.join('.');
    reader.problems.push(`${name} (${at(reader, given)}): must be a map of settings, one "name: value" per line`);
    return;
  }
  const [section, name] = path;
  if (path.length === 2 && section !== undefined && name !== undefined && childKeys([section]).includes('*')) {
    reader.entries.push({ section, name, origin });
  }
  if (!isMap(node)) return;
  for (const { key, value } of node.items) readPair(reader, key, value, path);
}

function readPair(reader: Reader, key: unknown, value: unknown, parent: readonly string[]): void {
  const name = reader.yaml.isScalar(key) ? String(key.value) : String(key);
  const path = [...parent, name];
  const origin = at(reader, key);
  const known = childKeys(parent);
  if (!known.includes(name) && !known.includes('*')) {
    const where = parent.length === 0 ? 'at the top level' : `in ${parent.join('.')}`;
    const hint = didYouMean(name, known) || `; known ${where}: ${known.join(', ')}`;
    reader.problems.push(`${path.join('.')} (${origin}): unknown setting${hint}`);
    return;
  }
  if (findSpec(path) === undefined) {
    readSection(reader, value, path, origin);
    return;
  }
  try {
    const plain = toPlain(reader, value);
    reader.assignments.push({ path, value: resolvePaths(path, plain, reader.baseDir), origin });
  } catch (error) {
    // Aliases of aliases of aliases: the library counts them and gives up.
    const why = error instanceof Error ? error.message : String(error);
    reader.problems.push(`${path.join('.')} (${origin}): cannot be read: ${why}`);
  }
}

function toPlain(reader: Reader, value: unknown): unknown {
  const node = reader.yaml.isAlias(value) ? value.resolve(reader.doc) : value;
  return hasToJS(node) ? node.toJS(reader.doc) : node;
}

function hasToJS(node: unknown): node is { toJS: (doc: Yaml.Document) => unknown } {
  return typeof node === 'object' && node !== null && 'toJS' in node && typeof node.toJS === 'function';
}

function at(reader: Reader, node: unknown): string {
  const range: unknown = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const offset: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof offset === 'number' ? `${reader.shownAs}:${reader.lines.linePos(offset).line}` : reader.shownAs;
}
