import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Manifest } from '../../../src/contract/manifest.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { importHash, importKey } from '../../../src/models/import.ts';
import { dropUnused, placedBy, takeBack, writePlaced } from '../../../src/models/staging/placed.ts';
import { openVersion } from '../../../src/models/versions.ts';
import { detectorManifest, graphOf } from '../../fixtures/manifests.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { stagingSettings } from '../../fixtures/uploads.ts';

/** Weights and imported graphs, of two runtimes, of a manifest that is registered nowhere. */
function place(settings: Settings, manifest: Manifest): void {
  for (const graph of manifest.graphs) {
    const weights = join(settings.data_dir, 'weights', graph.sha256);
    mkdirSync(weights, { recursive: true });
    writeFileSync(join(weights, graph.file), 'weights');
    mkdirSync(join(settings.data_dir, 'imported'), { recursive: true });
    for (const runtime of ['1.30.0', '1.31.0']) {
      writeFileSync(join(settings.data_dir, 'imported', `${importKey(graph, runtime)}.onnx`), 'graph');
    }
  }
}

const count = (settings: Settings): number[] =>
  ['weights', 'imported'].map((folder) => readdirSync(join(settings.data_dir, folder)).length);

function setUp(t: TestContext): Settings {
  const settings = stagingSettings(tempDir(t));
  place(settings, detectorManifest());
  return settings;
}

test('what nobody uses goes, of every runtime', async (t) => {
  const settings = setUp(t);
  await dropUnused(settings, placedBy(detectorManifest()));
  assert.deepEqual(count(settings), [0, 0]);
});

test('what another version uses stays: weights by their sum, graphs by how they are imported', async (t) => {
  const settings = setUp(t);
  const { dir, manifest } = await openVersion(settings, 'detector', 'yunet-n');
  place(settings, manifest);
  await dropUnused(settings, placedBy(manifest));
  assert.deepEqual(count(settings), [2, 4], 'they are of a version that came with the server');
  assert.ok(existsSync(dir));

  const other: Manifest = { ...detectorManifest(), graphs: manifest.graphs.map((g) => ({ ...g, outputs: ['cls_8'] })) };
  place(settings, other);
  assert.deepEqual(count(settings), [2, 6], 'the same weights, imported in another way');
  await dropUnused(settings, placedBy(other));
  assert.deepEqual(count(settings), [2, 4]);
});

test('what is not in the list is left alone', async (t) => {
  const settings = setUp(t);
  await dropUnused(settings, { weights: ['f'.repeat(64)], imported: ['f'.repeat(32)] });
  assert.deepEqual(count(settings), [1, 2]);
});

test('a staging takes back what it wrote down, and nothing when it had not come so far', async (t) => {
  const settings = setUp(t);
  const area = join(settings.data_dir, 'staging', 'one');
  mkdirSync(area, { recursive: true });
  await takeBack(settings, area);
  assert.deepEqual(count(settings), [1, 2]);
  writePlaced(area, placedBy(detectorManifest()));
  await takeBack(settings, area);
  assert.deepEqual(count(settings), [0, 0]);
});

test('a list that somebody wrote removes nothing outside the cache', async (t) => {
  const settings = setUp(t);
  const area = join(settings.data_dir, 'staging', 'one');
  mkdirSync(area, { recursive: true });
  cpSync(join(settings.data_dir, 'weights'), join(settings.data_dir, 'precious'), { recursive: true });
  writeFileSync(join(area, 'placed.json'), JSON.stringify({ weights: ['../precious'], imported: [''] }));
  await takeBack(settings, area);
  assert.ok(existsSync(join(settings.data_dir, 'precious')));
  assert.deepEqual(count(settings), [1, 2]);
});

test('the hash of an import is what all runtimes have in common', () => {
  const graph = graphOf(detectorManifest(), 'yunet');
  assert.ok(importKey(graph, '1.30.0').startsWith(`${importHash(graph)}-`));
  assert.notEqual(importHash(graph), importHash({ ...graph, outputs: ['cls_8'] }));
});
