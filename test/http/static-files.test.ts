import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { readFolder, readStatic } from '../../src/http/static-files.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

test('a folder is read with everything below it that a page is made of', (t) => {
  const dir = tempDir(t);
  mkdirSync(path.join(dir, 'lib'));
  writeFileSync(path.join(dir, 'index.html'), '<h1>');
  writeFileSync(path.join(dir, 'lib', 'a.js'), 'export {};');
  writeFileSync(path.join(dir, 'lib', 'types.d.ts'), 'x');
  writeFileSync(path.join(dir, 'README'), 'x');
  const files = readFolder(pathToFileURL(`${dir}/`));
  assert.deepEqual([...files.keys()].sort(), ['index.html', 'lib/a.js']);
  assert.equal(files.get('index.html')?.type, 'text/html; charset=utf-8');
  assert.equal(files.get('lib/a.js')?.body.toString(), 'export {};');
});

test('the tag of a file changes with what is in it', (t) => {
  const dir = tempDir(t);
  const file = path.join(dir, 'a.css');
  writeFileSync(file, 'a');
  const first = readStatic(file)?.etag;
  assert.match(first ?? '', /^"[\w-]{22}"$/);
  writeFileSync(file, 'b');
  assert.notEqual(readStatic(file)?.etag, first);
  assert.equal(readStatic(path.join(dir, 'a.exe')), null);
});

test('no folder is no files', (t) => {
  assert.equal(readFolder(pathToFileURL(`${tempDir(t)}/nothing/`)).size, 0);
});
