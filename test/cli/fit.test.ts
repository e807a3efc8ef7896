import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { cut, fitTable, widthOf } from '../../src/cli/fit.ts';
import type { Io } from '../../src/cli/io.ts';
import { wrap } from '../../src/cli/wrap.ts';
import { screen } from './support/run.ts';

function io(tty: boolean): Io {
  const stdout = screen(tty, () => undefined);
  return { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, cwd: '/' };
}

const COLUMNS = [
  { title: 'NAME', spare: 0 },
  { title: 'PID', spare: 2 },
  { title: 'MEMORY', spare: 1 },
  { title: 'QUEUE', spare: 0 },
] as const;
const ROWS = [['detector', 4711, '1.0 GiB', 0]];

it('leaves out what is most to spare until the rest fits', () => {
  const at = (width: number): string => fitTable(io(false), COLUMNS, ROWS, width)[0] ?? '';
  assert.equal(at(80), 'NAME      PID   MEMORY   QUEUE');
  assert.equal(at(29), 'NAME      MEMORY   QUEUE');
  assert.equal(at(23), 'NAME      QUEUE');
  assert.equal(at(3), 'NAME      QUEUE');
});

it('paint takes no room', () => {
  const painted = [[{ text: 'detector', style: 'red' as const }, 4711, '1.0 GiB', 0]];
  const lines = fitTable(io(true), COLUMNS, painted, 30);
  assert.ok(lines[1]?.startsWith('\u001b[31mdetector'));
  assert.match(lines[0] ?? '', /PID/);
});

it('only a terminal has an end', () => {
  assert.deepEqual([widthOf(io(true)), widthOf(io(false))], [120, Number.POSITIVE_INFINITY]);
});

it('cuts at characters, not inside of them', () => {
  assert.deepEqual([cut('abc', 3), cut('abcd', 3), cut('a👨‍👩‍👧bc', 3)], ['abc', 'ab…', 'a👨‍👩‍👧…']);
});

it('wraps at words', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('a longerthanthat b', 5), ['a', 'longerthanthat', 'b']);
  assert.deepEqual(wrap('one two', Number.POSITIVE_INFINITY), ['one two']);
});
