import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Command } from '../../src/cli/command.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { commandHelp, overview } from '../../src/cli/help.ts';

const command = (name: string, words: string, options: Command['options'] = {}): Command => ({
  name,
  words,
  summary: `does ${name}`,
  options,
  run: async () => EXIT.ok,
});
const SHORT = command('people', '');
const LONG = command('people import', '<folder>', {
  jobs: { type: 'string', short: 'j', value: '<count>', help: 'how many' },
  'dry-run': { type: 'boolean', help: 'sends nothing' },
});

it('the overview has a line for each command, aligned', () => {
  const lines = overview([SHORT, LONG]).split('\n');
  assert.ok(lines.includes('  people                  does people'));
  assert.ok(lines.includes('  people import <folder>  does people import'));
  assert.ok(lines.some((line) => /^ {2}--json +answers as JSON/.test(line)));
});

it('the help of a command has its flags, and those of every command', () => {
  const text = commandHelp({ ...LONG, details: ['More', 'about it.'] });
  assert.match(text, /^Usage: facepool people import <folder>\n\ndoes people import\n\nMore\nabout it\.\n\nFlags:\n/);
  assert.match(
    text,
    /\n {2}-j, --jobs <count> {2}how many\n {2}--dry-run {11}sends nothing\n\nFlags of every command:\n/,
  );
});

it('a command without flags has none, and names those that begin with its name', () => {
  const text = commandHelp(SHORT, [LONG]);
  assert.match(
    text,
    /^Usage: facepool people\n\ndoes people\n\nAlso:\n {2}people import <folder> {2}does people import\n\nFlags of/,
  );
});
