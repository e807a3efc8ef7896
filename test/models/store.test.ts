import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { adoptFile, ensureWeightDir, findWeight, weightDir, weightPath } from '../../src/models/store.ts';
import type { Weight } from '../../src/models/store.ts';
import { seededBytes } from '../../src/util/seeded.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const CONTENT = seededBytes(2, 5000);
const WEIGHT: Weight = {
  file: 'w.onnx',
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  bytes: CONTENT.byteLength,
  urls: [],
};

function put(cache: string, content: Uint8Array): string {
  mkdirSync(weightDir(cache, WEIGHT), { recursive: true });
  const path = weightPath(cache, WEIGHT);
  writeFileSync(path, content);
  return path;
}

function wrongBytes(): Uint8Array {
  const wrong = Uint8Array.from(CONTENT);
  wrong[17] = (wrong[17] ?? 0) ^ 1;
  return wrong;
}

test('a weight that is not there is missing', async (t) => {
  assert.deepEqual(await findWeight(tempDir(t), WEIGHT), { status: 'missing' });
});

test('a right one is found, and remembered', async (t) => {
  const cache = tempDir(t);
  const path = put(cache, CONTENT);
  assert.deepEqual(await findWeight(cache, WEIGHT), { status: 'ok', path });
  assert.deepEqual(readdirSync(weightDir(cache, WEIGHT)).sort(), ['verified.json', 'w.onnx']);
});

test('a verified file is not read again while size, time and inode are the same', async (t) => {
  const cache = tempDir(t);
  const path = put(cache, CONTENT);
  utimesSync(path, 1000, 1000);
  await findWeight(cache, WEIGHT);
  // Same inode and size, and the time put back: only a reader would notice.
  writeFileSync(path, wrongBytes());
  utimesSync(path, 1000, 1000);
  assert.equal((await findWeight(cache, WEIGHT)).status, 'ok');
  assert.equal((await findWeight(cache, WEIGHT, true)).status, 'damaged');
});

test('a changed file is noticed by its time', async (t) => {
  const cache = tempDir(t);
  const path = put(cache, CONTENT);
  await findWeight(cache, WEIGHT);
  writeFileSync(path, wrongBytes());
  utimesSync(path, 2000, 2000);
  const found = await findWeight(cache, WEIGHT);
  assert.equal(found.status, 'damaged');
  assert.match(found.detail, /sha256 is [0-9a-f]{64}/);
});

test('a file of another size is damaged without being hashed', async (t) => {
  const cache = tempDir(t);
  const path = put(cache, CONTENT.subarray(0, 10));
  assert.deepEqual(await findWeight(cache, WEIGHT), { status: 'damaged', path, detail: '10 bytes instead of 5000' });
});

test('a broken stamp costs a hash and nothing else', async (t) => {
  const cache = tempDir(t);
  put(cache, CONTENT);
  const stamp = join(weightDir(cache, WEIGHT), 'verified.json');
  writeFileSync(stamp, '{"size":');
  assert.equal((await findWeight(cache, WEIGHT)).status, 'ok');
  assert.equal(JSON.parse(readFileSync(stamp, 'utf8')).size, 5000);
});

test('a cache that cannot be written to still serves', async (t) => {
  const cache = tempDir(t);
  put(cache, CONTENT);
  // A directory in the place of the stamp: nobody can write it, not even root.
  mkdirSync(join(weightDir(cache, WEIGHT), 'verified.json'));
  assert.equal((await findWeight(cache, WEIGHT)).status, 'ok');
  assert.equal(readdirSync(weightDir(cache, WEIGHT)).length, 2);
});

test('right bytes are taken in, wrong ones removed', async (t) => {
  const cache = tempDir(t);
  const dir = await ensureWeightDir(cache, WEIGHT);
  const temporary = join(dir, 'x.part');
  for (const wrong of [wrongBytes(), CONTENT.subarray(1)]) {
    writeFileSync(temporary, wrong);
    assert.equal(await adoptFile(cache, WEIGHT, temporary), null);
    assert.equal(existsSync(temporary), false);
  }
  writeFileSync(temporary, CONTENT);
  assert.equal(await adoptFile(cache, WEIGHT, temporary), weightPath(cache, WEIGHT));
  assert.deepEqual(readdirSync(dir).sort(), ['verified.json', 'w.onnx']);
});
