/** The page's files: small, nothing inline, nothing from elsewhere. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const PUBLIC = fileURLToPath(new URL('../../src/dashboard/public/', import.meta.url));
const MOST_LINES = 300;
const files = globSync('**/*.*', { cwd: PUBLIC }).map((name) => ({
  name: name.split(path.sep).join('/'),
  text: readFileSync(path.join(PUBLIC, name), 'utf8'),
}));

it('are small and named in kebab-case', () => {
  assert.ok(files.length > 30, `${files.length} files`);
  for (const { name, text } of files) {
    assert.match(name, /^(?:[a-z]+\/)*[a-z0-9]+(?:-[a-z0-9]+)*\.(?:js|css|html|svg)$/);
    assert.ok(text.split('\n').length <= MOST_LINES, name);
  }
});

it('make no HTML of texts, and no code', () => {
  for (const { name, text } of files.filter((file) => file.name.endsWith('.js'))) {
    assert.doesNotMatch(text, /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b/, name);
  }
  const page = files.find(({ name }) => name === 'index.html')?.text ?? '';
  assert.doesNotMatch(page, /\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)/);
});

it('name no address but the page’s own', () => {
  for (const { name, text } of files) {
    const foreign = text
      .replaceAll('http://www.w3.org/2000/svg', '')
      .match(/\b(?:https?|wss?):\/\/\S+|["'(]\/\/\w\S*/g);
    assert.equal(foreign, null, name);
  }
});

it('import only what is there', () => {
  const names = new Set(files.map(({ name }) => name));
  for (const { name, text } of files.filter((file) => file.name.endsWith('.js'))) {
    for (const [, target = ''] of text.matchAll(/^(?:import|export) .* from '([^']+)';$/gm)) {
      const file = path.posix.join(path.posix.dirname(name), target);
      assert.ok(names.has(file) || file === 'vendor/uplot/uPlot.esm.js', `${name} imports ${target}`);
    }
  }
});
