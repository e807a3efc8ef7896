import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';

const document = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

it('docs/cli.md tells every exit code', () => {
  for (const [name, code] of Object.entries(EXIT)) assert.ok(document.includes(`\n| ${code} | \`${name}\` |`), name);
});

it('docs/cli.md tells every command', () => {
  for (const { name } of COMMANDS) assert.ok(document.includes(`\`${name}`), name);
});

it('no two outcomes share a code', () => {
  assert.equal(new Set(Object.values(EXIT)).size, Object.keys(EXIT).length);
});
