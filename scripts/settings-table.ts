/** Prints the table of settings for docs/configuration.md; `--write` puts it there, between its two marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { DEFAULT_CONFIG_FILE } from '../src/config/paths.ts';
import { envName, SETTING_INDEX } from '../src/config/setting-index.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
const MARKS = /(<!-- settings -->\n)[\s\S]*(<!-- end of settings -->)/;

function defaultOf(path: readonly string[]): string {
  let value: unknown = parse(readFileSync(DEFAULT_CONFIG_FILE, 'utf8'));
  for (const key of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return value === undefined ? '' : `\`${JSON.stringify(value)}\``;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** The document with a fresh table. */
export function withSettingsTable(document: string): string {
  const rows = SETTING_INDEX.map(({ path, allowed, description }) => {
    const shown = path.map((key) => (key === '*' ? '<name>' : key));
    return `| \`${shown.join('.')}\` | \`${envName(shown)}\` | ${defaultOf(path)} | ${cell(allowed)} | ${cell(description)} |`;
  });
  const table = ['| setting | environment | default | allowed | meaning |', '|---|---|---|---|---|', ...rows, ''];
  return document.replace(MARKS, (_all, begin: string, end: string) => `${begin}${table.join('\n')}${end}`);
}

if (import.meta.main) {
  const fresh = withSettingsTable(readFileSync(DOCUMENT, 'utf8'));
  if (process.argv.includes('--write')) writeFileSync(DOCUMENT, fresh);
  else process.stdout.write(fresh);
}
