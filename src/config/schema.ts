/** `config/schema.json`: what an editor checks a user's file against. Made by `node src/config/schema.ts --write`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { settingsSchema } from '../contract/settings.ts';
import { DEFAULT_CONFIG_FILE, PROJECT_DIR } from './paths.ts';

export const SCHEMA_FILE = join(PROJECT_DIR, 'config/schema.json');

type Json = { [key: string]: unknown };

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In a user's file nothing is required; the default of each setting is told where there is one. */
function relax(node: Json, defaults: unknown): Json {
  const { required: _required, ...rest } = node;
  if (isObject(rest['properties'])) {
    const children = Object.entries(rest['properties']).map(([key, child]) => [
      key,
      relax(isObject(child) ? child : {}, isObject(defaults) ? defaults[key] : undefined),
    ]);
    return { ...rest, properties: Object.fromEntries(children) as Json };
  }
  if (isObject(rest['additionalProperties'])) {
    return { ...rest, additionalProperties: relax(rest['additionalProperties'], undefined) };
  }
  return defaults === undefined ? rest : { ...rest, default: defaults };
}

/** The text of `config/schema.json`. */
export function makeConfigSchema(): string {
  const defaults: unknown = parse(readFileSync(DEFAULT_CONFIG_FILE, 'utf8'));
  const relaxed = relax(z.toJSONSchema(settingsSchema) as Json, defaults);
  const { $schema, ...rest } = relaxed;
  return `${JSON.stringify({ $schema, title: 'facepool configuration', ...rest }, null, 2)}\n`;
}

if (import.meta.main && process.argv.includes('--write')) writeFileSync(SCHEMA_FILE, makeConfigSchema());
