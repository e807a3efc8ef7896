/** Every setting as a row: made by walking the zod schema, so that a new setting needs no second entry anywhere. */
import * as z from 'zod';
import { settingsSchema } from '../contract/settings.ts';
import { keptResult } from '../util/kept-result.ts';

/** The part of JSON Schema that `settingsSchema` turns into. */
type Node = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly items?: Node;
  /** What a pattern means. */
  readonly title?: string;
  readonly description?: string;
};

export type SettingSpec = {
  /** `*` stands for the name of a model, a tenant or a rule. */
  readonly path: readonly string[];
  /** What the value may be, in words. */
  readonly allowed: string;
  readonly description: string;
  /** A value written as text (environment, flag) → the value; what cannot be read stays text and is refused by the schema. */
  readonly parse: (text: string) => unknown;
};

function allowedRange(node: Node): string {
  const min = node.exclusiveMinimum === undefined ? node.minimum : node.exclusiveMinimum + 1;
  const bounded = node.maximum !== undefined && node.maximum < Number.MAX_SAFE_INTEGER;
  if (min !== undefined && bounded) return `a whole number from ${min} to ${node.maximum}`;
  return min === undefined ? 'a whole number' : `a whole number, ${min} or more`;
}

function allowedNumber({ minimum, maximum }: Node): string {
  if (minimum !== undefined && maximum !== undefined) return `a number from ${minimum} to ${maximum}`;
  return minimum === undefined ? 'a number' : `a number, ${minimum} or more`;
}

function allowedWords(node: Node): string {
  if (node.anyOf !== undefined) return node.anyOf.map(allowedWords).join(' or ');
  if (node.const !== undefined) return node.const;
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  if (node.type === 'integer') return allowedRange(node);
  if (node.type === 'number') return allowedNumber(node);
  if (node.type === 'boolean') return 'true or false';
  if (node.title !== undefined) return node.title;
  if (node.type === 'array') return `a list of ${node.items?.title ?? 'texts'}`;
  return (node.minLength ?? 0) > 0 ? 'a text that is not empty' : 'a text';
}

function parseText(node: Node, text: string): unknown {
  if (node.anyOf !== undefined) {
    const constant = node.anyOf.find((n) => n.const === text);
    const other = node.anyOf.find((n) => n.const === undefined);
    return constant === undefined && other !== undefined ? parseText(other, text) : text;
  }
  const trimmed = text.trim();
  if (node.type === 'integer') return /^[+-]?\d+$/.test(trimmed) ? Number(trimmed) : text;
  if (node.type === 'number') return /^[+-]?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : text;
  if (node.type === 'boolean') {
    if (trimmed === 'true' || trimmed === '1') return true;
    if (trimmed === 'false' || trimmed === '0') return false;
    return text;
  }
  if (node.type === 'array') return splitList(text);
  return text;
}

function splitList(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

function walk(node: Node, path: readonly string[], found: SettingSpec[]): void {
  if (node.properties !== undefined) {
    for (const [key, child] of Object.entries(node.properties)) walk(child, [...path, key], found);
  } else if (typeof node.additionalProperties === 'object') {
    walk(node.additionalProperties, [...path, '*'], found);
  } else {
    found.push({
      path,
      allowed: allowedWords(node),
      description: node.description ?? '',
      parse: (text) => parseText(node, text),
    });
  }
}

/** As JSON Schema. Kept, because making it takes 8 ms of every start. */
function schemaNode(): Node {
  return keptResult({
    slot: 'settings-schema',
    code: [import.meta.url, new URL('../contract/settings.ts', import.meta.url).href],
    facts: [],
    make: () => ({ value: JSON.parse(JSON.stringify(z.toJSONSchema(settingsSchema))) as Node, keep: true }),
  });
}

function buildIndex(): readonly SettingSpec[] {
  const found: SettingSpec[] = [];
  walk(schemaNode(), [], found);
  return found;
}

/** All settings in the order of the schema. */
export const SETTING_INDEX: readonly SettingSpec[] = buildIndex();

export function findSpec(path: readonly string[]): SettingSpec | undefined {
  return SETTING_INDEX.find(
    (spec) => spec.path.length === path.length && spec.path.every((key, i) => key === '*' || key === path[i]),
  );
}

/** The keys that may follow `path`; `'*'` where any name may. Empty for a setting and for what does not exist. */
export function childKeys(path: readonly string[]): string[] {
  const below = SETTING_INDEX.filter(
    (spec) => spec.path.length > path.length && path.every((key, i) => spec.path[i] === '*' || spec.path[i] === key),
  );
  return [...new Set(below.map((spec) => spec.path[path.length] ?? ''))];
}

/** `http.port` → `FACEPOOL_HTTP_PORT`; dashes of a name become underscores. */
export function envName(path: readonly string[]): string {
  return `FACEPOOL_${path.join('_').replaceAll('-', '_').toUpperCase()}`;
}
