import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { ImportParams, ImportResult } from '../../src/contract/importer.ts';
import { settingsSchema } from '../../src/contract/settings.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { missingDetail, prepareModel } from '../../src/models/resolve.ts';
import { SHARED_MODELS, skipWithoutModels } from '../fixtures/shared.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function settings(dataDir: string, mirrors: string[], opinions = false): Settings {
  const defaults = settingsSchema.parse(parse(readFileSync(join(ROOT, 'config/default.yaml'), 'utf8')));
  const models = Object.fromEntries(Object.entries(defaults.models).map(([name, m]) => [name, { ...m, opinions }]));
  const store = { ...defaults.store, models_dir: join(ROOT, 'models'), mirrors };
  return { ...defaults, data_dir: dataDir, store, models };
}

/** Writes the target, as the importer does, and remembers its calls. */
function fakeImporter(): { calls: ImportParams[]; runImporter: (params: ImportParams) => Promise<ImportResult> } {
  const calls: ImportParams[] = [];
  return {
    calls,
    async runImporter(params) {
      calls.push(params);
      writeFileSync(params.target, 'imported');
      return { bytes: 8, verified: true, maxAbsDiff: 0 };
    },
  };
}

test('weights from a mirror are imported once', { skip: skipWithoutModels }, async (t) => {
  const dir = tempDir(t);
  const { calls, runImporter } = fakeImporter();
  const first = await prepareModel(settings(dir, [SHARED_MODELS]), 'recognizer', { runImporter });
  assert.deepEqual(first.missing, []);
  assert.deepEqual(Object.keys(first.graphPaths), ['omz-0095', 'lightqnet']);
  assert.equal(calls.length, 2);
  for (const path of Object.values(first.graphPaths)) assert.ok(existsSync(path));
  assert.ok(first.golden.graphs['omz-0095'] !== undefined);

  // The mirror is gone: everything is in the cache.
  const second = await prepareModel(settings(dir, []), 'recognizer', { runImporter });
  assert.deepEqual(second.graphPaths, first.graphPaths);
  assert.equal(calls.length, 2);
});

test('opinions are prepared when they are on', { skip: skipWithoutModels }, async (t) => {
  const dir = tempDir(t);
  const { runImporter } = fakeImporter();
  const off = await prepareModel(settings(dir, [SHARED_MODELS]), 'liveness', { runImporter });
  assert.deepEqual(Object.keys(off.graphPaths), ['facenox']);
  const on = await prepareModel(settings(dir, [SHARED_MODELS], true), 'liveness', { runImporter });
  assert.deepEqual(Object.keys(on.graphPaths), ['facenox', 'minifasnet-v2', 'minifasnet-v1se']);
});

test('missing weights are listed with what to do, and nothing is imported', async (t) => {
  const { calls, runImporter } = fakeImporter();
  const prepared = await prepareModel(settings(tempDir(t), []), 'detector', { runImporter });
  assert.deepEqual(prepared.graphPaths, {});
  assert.equal(calls.length, 0);
  assert.deepEqual(
    prepared.missing.map((m) => [m.graph, m.file, m.bytes]),
    [['yunet', 'yunet_n_dynamic.onnx', 322_906]],
  );
  assert.equal(
    missingDetail('detector', prepared.missing),
    'the weights of detector are missing: yunet_n_dynamic.onnx (0.3 MB); run: facepool models pull detector',
  );
});

test('an unknown name and an unknown version are refused', async (t) => {
  const { runImporter } = fakeImporter();
  const known = settings(tempDir(t), []);
  await assert.rejects(prepareModel(known, 'nobody', { runImporter }), { code: 'not_found' });
  const { detector } = known.models;
  assert.ok(detector !== undefined);
  const other = { ...known, models: { detector: { ...detector, version: 'none' } } };
  await assert.rejects(prepareModel(other, 'detector', { runImporter }), { code: 'model_missing' });
});
