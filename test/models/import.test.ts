import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { importGraph, importKey, runtimeVersion } from '../../src/models/import.ts';
import { tinySpec } from '../fixtures/onnx.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

test('the key changes with everything that the imported bytes depend on', () => {
  const spec = tinySpec();
  const keys = [
    importKey(spec, '1.30.0'),
    importKey(spec, '1.31.0'),
    importKey({ ...spec, sha256: '1'.repeat(64) }, '1.30.0'),
    importKey({ ...spec, outputs: ['other'] }, '1.30.0'),
    importKey(tinySpec({ name: 'data' }), '1.30.0'),
    importKey(tinySpec({ color: 'bgr' }), '1.30.0'),
    importKey(tinySpec({ mean: [0, 0, 1] }), '1.30.0'),
    importKey(tinySpec({ std: [1, 1, 2] }), '1.30.0'),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(importKey({ ...spec, id: 'renamed', file: 'renamed.onnx' }, '1.30.0'), keys[0]);
  for (const key of keys) assert.match(key, /^[\w.-]+$/);
});

test('the runtime version is that of the installed package', async () => {
  assert.match(await runtimeVersion(), /^\d+\.\d+\.\d+$/);
});

test('an import runs once; a failed one leaves nothing behind and is tried again', async (t) => {
  const dataDir = tempDir(t);
  let runs = 0;
  const options = { dataDir, source: 'tiny.onnx', graph: tinySpec(), runtimeVersion: '1.30.0' };
  const failing = importGraph({
    ...options,
    runImporter: async () => {
      throw new FacepoolError('model_failed', 'broken');
    },
  });
  await assert.rejects(failing, /broken/);
  const runImporter = async ({ target }: { target: string }) => {
    runs += 1;
    writeFileSync(target, 'imported');
    return { bytes: 8, verified: true, maxAbsDiff: 0 };
  };
  const first = await importGraph({ ...options, runImporter });
  assert.equal(await importGraph({ ...options, runImporter }), first);
  assert.equal(runs, 1);
  assert.deepEqual(readdirSync(join(dataDir, 'imported')).length, 1);
});
