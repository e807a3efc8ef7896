/** One manifest file: YAML → checked `Manifest`, with errors that say where. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type * as Yaml from 'yaml';
import { FacepoolError } from '../contract/errors.ts';
import { manifestSchema } from '../contract/manifest.ts';
import type { Manifest } from '../contract/manifest.ts';
import { deepFreeze } from '../util/deep-freeze.ts';
import { keptResult } from '../util/kept-result.ts';
import { yamlLibrary } from '../util/yaml-library.ts';

export const MANIFEST_FILE = 'manifest.yaml';

/** What can be one; a word of a text that begins with an asterisk counts too. */
const ALIAS = /(?<=[\s[{,:-])\*[^\s\]},*]/g;
const MOST_ALIASES = 100;

const MAX_MANIFEST_BYTES = 256 * 1024;

/** What was read last at each path. A start reads every manifest twice, and parsing one takes 5 ms. */
const known = new Map<string, { readonly unchanged: string; readonly manifest: Manifest }>();

/**
 * Reads `<dir>/manifest.yaml`, where `dir` is `<models_dir>/<name>/<version>`.
 * @throws FacepoolError `model_missing` when there is none, `model_failed` naming file, line and field when it is wrong
 */
export async function loadManifest(dir: string): Promise<Manifest> {
  const version = basename(dir);
  const name = basename(dirname(dir));
  const label = `${name}/${version}/${MANIFEST_FILE}`;
  const path = join(dir, MANIFEST_FILE);
  const info = await stat(path).catch((error: unknown) => {
    throw new FacepoolError('model_missing', `${label}: there is no such file`, { cause: error });
  });
  if (info.size > MAX_MANIFEST_BYTES) {
    throw new FacepoolError('model_failed', `${label}: ${info.size} bytes; ${MAX_MANIFEST_BYTES} is the most`);
  }
  const unchanged = [info.ino, info.size, info.mtimeMs, info.ctimeMs].join(' ');
  const before = known.get(path);
  if (before?.unchanged === unchanged) return before.manifest;
  const manifest = deepFreeze(check(keptValue(await readFile(path, 'utf8'), label)));
  if (manifest.name !== name || manifest.version !== version) {
    const said = `${manifest.name}/${manifest.version}`;
    throw new FacepoolError('model_failed', `${label}: says it is ${said}; name and version are those of its folders`);
  }
  known.set(path, { unchanged, manifest });
  return manifest;
}

/**
 * @param label how the file is called in errors
 * @throws FacepoolError `model_failed`
 */
export function parseManifest(text: string, label: string): Manifest {
  return check({ text, label, value: parseYaml(text, label).value });
}

type Read = { readonly text: string; readonly label: string; readonly value: unknown };

/** Of a file that lies here. What is uploaded is not kept: nothing has looked at it yet. */
function keptValue(text: string, label: string): Read {
  const value = keptResult({
    slot: label,
    code: [import.meta.url],
    facts: [text],
    make: () => {
      const made = parseYaml(text, label).value;
      return { value: made, keep: manifestSchema.safeParse(made).success };
    },
  });
  return { text, label, value };
}

function check({ text, label, value }: Read): Manifest {
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { document, lines } = parseYaml(text, label);
  const problems = parsed.error.issues.map((issue) => {
    const line = lineOf(document, lines, issue.path);
    const where = issue.path.length === 0 ? '' : ` ${issue.path.join('.')}:`;
    return `${label}:${line}:${where} ${issue.message}`;
  });
  throw new FacepoolError('model_failed', problems.join('\n'));
}

type Parsed = { readonly value: unknown; readonly document: Yaml.Document; readonly lines: Yaml.LineCounter };

function parseYaml(text: string, label: string): Parsed {
  // The parser's time grows with their square, and faster.
  if ((text.match(ALIAS) ?? []).length > MOST_ALIASES) {
    throw new FacepoolError('model_failed', `${label}: too many YAML aliases`);
  }
  const yaml = yamlLibrary();
  const lines = new yaml.LineCounter();
  // stringKeys: a false accept rate such as 1e-4 is a name, not a number.
  const document = yaml.parseDocument(text, { lineCounter: lines, stringKeys: true, prettyErrors: false });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    // The parser's own stack ran out, which it takes for a fault of the text.
    const what = syntax.message.startsWith('Maximum call stack') ? 'nested too deeply' : syntax.message;
    throw new FacepoolError('model_failed', `${label}:${lines.linePos(syntax.pos[0]).line}: ${what}`);
  }
  try {
    return { value: document.toJS({ maxAliasCount: MOST_ALIASES }), document, lines };
  } catch (error) {
    throw new FacepoolError('model_failed', `${label}: too many YAML aliases`, { cause: error });
  }
}

/** Line of the deepest node on the path that the file has. */
function lineOf(document: Yaml.Document, lines: Yaml.LineCounter, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    const start = rangeStart(node);
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : undefined;
}
