import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { parse } from 'yaml';
import { settingsSchema } from '../../src/contract/settings.ts';

type Tree = { [key: string]: unknown };

const defaults = (): Tree => parse(readFileSync(new URL('../../config/default.yaml', import.meta.url), 'utf8'));

/** The defaults with one setting replaced; undefined removes it. */
function withSetting(path: string, value: unknown): Tree {
  const tree = defaults();
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at = tree;
  for (const key of keys) at = at[key] as Tree;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return tree;
}

test('the defaults are settings, and nothing is filled in silently', () => {
  const tree = defaults();
  assert.deepEqual(settingsSchema.parse(tree), tree);
});

const REFUSED: readonly (readonly [path: string, value: unknown])[] = [
  ['http.port', 65_536],
  ['http.port', -1],
  ['http.port', '8080'],
  ['http.host', ''],
  ['data_dir', ''],
  ['limits.upload_bytes', 0],
  ['limits.upload_memory_bytes', 0],
  ['limits.upload_memory_bytes', 1.5],
  ['limits.queue', 0],
  ['imaging.crop_threads', -1],
  ['workers.start_retries', -1],
  ['workers.max_attempts', 0],
  ['workers.infer_timeout_ms', 0],
  ['log.level', 'verbose'],
  ['models.detector.threads', 0],
  ['models.detector.threads', 'all'],
  ['models.detector.version', ''],
  ['limits.colour', 1],
  ['limits', undefined],
  ['limits.pixels', undefined],
];
for (const [path, value] of REFUSED) {
  test(`${path} = ${value === undefined ? 'nothing' : JSON.stringify(value)} is refused, by its path`, () => {
    const parsed = settingsSchema.safeParse(withSetting(path, value));
    assert.equal(parsed.success, false);
    const told = parsed.error?.issues.map((issue) => issue.path.join('.')).join(' ') ?? '';
    assert.ok(path.startsWith(told) && told !== '', `${path} told as "${told}"`);
  });
}

test('zero means "none" or "any" where it may', () => {
  for (const path of ['http.port', 'imaging.crop_threads', 'workers.start_retries', 'workers.stop_wait_ms']) {
    assert.ok(settingsSchema.safeParse(withSetting(path, 0)).success, path);
  }
});

test('a model’s name is a name, not a path', () => {
  const tree = defaults();
  const model = (tree['models'] as Tree)['detector'];
  const accepts = (name: string): boolean => settingsSchema.safeParse({ ...tree, models: { [name]: model } }).success;
  for (const name of ['../x', 'X', '', '-x', 'a_b', 'a.b']) assert.equal(accepts(name), false, name);
  for (const name of ['x', 'face-2', '2']) assert.ok(accepts(name), name);
});
