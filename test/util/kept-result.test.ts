import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { keptResult } from '../../src/util/kept-result.ts';
import type { Recipe } from '../../src/util/kept-result.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

/** A recipe that counts how often its value was made. */
function counting(value: unknown, given: Partial<Recipe<unknown>> = {}) {
  let made = 0;
  const make = () => {
    made += 1;
    return { value, keep: true };
  };
  return { recipe: { slot: 's', code: [import.meta.url], facts: ['a'], make, ...given }, made: () => made };
}

it('is made once, and then comes from the file', (t) => {
  const folder = path.join(tempDir(t), 'not', 'there');
  const first = counting({ list: [1, 'two', null] });
  assert.deepEqual(keptResult(first.recipe, folder), { list: [1, 'two', null] });
  const second = counting('never');
  assert.deepEqual(keptResult(second.recipe, folder), { list: [1, 'two', null] });
  assert.deepEqual([first.made(), second.made()], [1, 0]);
  assert.deepEqual(readdirSync(folder), ['kept-s.json'], 'and nothing half-written');
  assert.equal(statSync(path.join(folder, 'kept-s.json')).mode & 0o777, 0o600, 'a configuration may hold secrets');
});

it('what JSON cannot say is made each time', (t) => {
  const folder = tempDir(t);
  const ring: unknown[] = [];
  ring.push(ring);
  for (const value of [ring, 1n, { at: new Date(0) }, [Number.NaN], -0, { gone: undefined }]) {
    const { recipe, made } = counting(value);
    assert.equal(keptResult(recipe, folder), value);
    assert.equal(keptResult(recipe, folder), value);
    assert.equal(made(), 2);
  }
  assert.deepEqual(readdirSync(folder), []);
});

it('is made again when anything that it depends on is another', (t) => {
  const folder = tempDir(t);
  const code = path.join(folder, 'code.ts');
  writeFileSync(code, '1');
  const url = `file://${code}`;
  keptResult(counting('old', { code: [url] }).recipe, folder);
  assert.equal(keptResult(counting('new', { code: [url], facts: ['b'] }).recipe, folder), 'new');
  assert.equal(keptResult(counting('newer', { code: [url], facts: ['b'] }).recipe, folder), 'new');
  writeFileSync(code, '2');
  assert.equal(keptResult(counting('newer', { code: [url], facts: ['b'] }).recipe, folder), 'newer');
  assert.equal(keptResult(counting('other slot', { slot: 'a/b c' }).recipe, folder), 'other slot');
  assert.deepEqual(readdirSync(folder).toSorted(), ['code.ts', 'kept-a_b_c.json', 'kept-s.json']);
});

it('what the maker or JSON cannot keep is made each time', (t) => {
  const folder = tempDir(t);
  for (const value of [Number.NaN, { at: new Date(0) }, { gone: undefined }]) {
    assert.deepEqual(keptResult(counting(value).recipe, folder), value);
  }
  keptResult({ ...counting('x').recipe, make: () => ({ value: 'x', keep: false }) }, folder);
  assert.deepEqual(readdirSync(folder), []);
});

it('a file that cannot be read or written is as none', (t) => {
  const folder = tempDir(t);
  const file = path.join(folder, 'kept-s.json');
  for (const junk of ['', '{"digest":', 'null', '[1]', '{"digest":"x","value":1}']) {
    writeFileSync(file, junk);
    assert.equal(keptResult(counting('right').recipe, folder), 'right');
    assert.match(readFileSync(file, 'utf8'), /"right"/);
  }
  mkdirSync(path.join(folder, 'kept-dir.json'));
  assert.equal(keptResult(counting('right', { slot: 'dir' }).recipe, folder), 'right');
  assert.deepEqual(readdirSync(folder).toSorted(), ['kept-dir.json', 'kept-s.json'], 'nothing is left behind');
});

it('a folder that cannot be made is as none', (t) => {
  const file = path.join(tempDir(t), 'file');
  writeFileSync(file, '');
  const { recipe, made } = counting('x');
  assert.equal(keptResult(recipe, path.join(file, 'below')), 'x');
  assert.equal(keptResult(recipe, path.join(file, 'below')), 'x');
  assert.equal(made(), 2);
});
