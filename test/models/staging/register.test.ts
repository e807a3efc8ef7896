import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { manifestSchema } from '../../../src/contract/manifest.ts';
import type { Manifest } from '../../../src/contract/manifest.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { importKey, runtimeVersion } from '../../../src/models/import.ts';
import { cleanStaging, openArea } from '../../../src/models/staging/area.ts';
import type { Area } from '../../../src/models/staging/area.ts';
import { placedBy, writePlaced } from '../../../src/models/staging/placed.ts';
import { register, removeVersion } from '../../../src/models/staging/register.ts';
import { findWeight, storeOptions } from '../../../src/models/store.ts';
import { findVersion } from '../../../src/models/versions.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { assertNothingLeft, stagingSettings, tinyUpload } from '../../fixtures/uploads.ts';

/** An area as it is when everything was proven. */
async function filled(settings: Settings, version: string): Promise<{ manifest: Manifest; area: Area }> {
  const upload = tinyUpload(version);
  const manifest = manifestSchema.parse(upload.manifest);
  const area = await openArea(settings);
  writeFileSync(join(area.versionDir, 'manifest.yaml'), JSON.stringify(manifest));
  mkdirSync(join(area.dir, 'imported'));
  const runtime = await runtimeVersion();
  for (const graph of manifest.graphs) {
    writeFileSync(join(area.weightsDir, graph.file), upload.files.get(graph.file) ?? '');
    writeFileSync(join(area.dir, 'imported', `${importKey(graph, runtime)}.onnx`), 'imported');
  }
  return { manifest, area };
}

const listing = (settings: Settings, folder: string): string[] => {
  const dir = join(settings.data_dir, folder);
  return existsSync(dir) ? readdirSync(dir) : [];
};

test('the files of a version go to their places, and the weights count as verified', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const { manifest, area } = await filled(settings, 'mine-1');
  const found = await register(settings, manifest, area);
  assert.equal(found.version, 'mine-1');
  const { cacheDir } = storeOptions(settings);
  for (const graph of manifest.graphs) assert.equal((await findWeight(cacheDir, graph)).status, 'ok');
  assert.equal(listing(settings, 'imported').length, 2);
  assert.ok(!existsSync(area.versionDir));
});

test('a version that is there is not registered again', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const first = await filled(settings, 'mine-1');
  const second = await filled(settings, 'mine-1');
  const [a, b] = await Promise.allSettled([
    register(settings, first.manifest, first.area),
    register(settings, second.manifest, second.area),
  ]);
  assert.equal(a.status, 'fulfilled');
  assert.ok(b.status === 'rejected' && b.reason instanceof FacepoolError);
  assert.deepEqual([b.reason.code, b.reason.param], ['conflict', 'version']);
  // What the second found there, it has not taken back.
  assert.equal(listing(settings, 'weights').length, 2);
});

test('weights that changed on the disk are not registered', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const { manifest, area } = await filled(settings, 'mine-1');
  writeFileSync(join(area.weightsDir, 'quality.onnx'), 'something else');
  await assert.rejects(register(settings, manifest, area), { code: 'model_failed' });
  assert.deepEqual(listing(settings, 'weights'), []);
  assert.equal(await findVersion(settings, 'recognizer', 'mine-1'), null);
});

test('what was placed before a crash is taken back at the next start', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const { manifest, area } = await filled(settings, 'mine-1');
  await register(settings, manifest, area);
  // As if it had been killed before the last rename.
  writePlaced(area.dir, placedBy(manifest));
  rmSync(join(settings.data_dir, 'models/recognizer/mine-1'), { recursive: true });
  assert.equal(listing(settings, 'weights').length, 2);
  assert.equal(await cleanStaging(settings), 1);
  assertNothingLeft(settings);
});

test('what another version uses as well is not taken back', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const first = await filled(settings, 'mine-1');
  await register(settings, first.manifest, first.area);
  const second = await filled(settings, 'mine-2');
  writePlaced(second.area.dir, placedBy(second.manifest));
  assert.equal(await cleanStaging(settings), 2, 'the folder of the first is still there as well');
  assert.equal(listing(settings, 'weights').length, 2);
  assert.equal(listing(settings, 'imported').length, 2);
});

test('a version is removed with what only it needed', async (t) => {
  const settings = stagingSettings(tempDir(t));
  for (const version of ['mine-1', 'mine-2']) {
    const { manifest, area } = await filled(settings, version);
    await register(settings, manifest, area);
  }
  await cleanStaging(settings);
  await removeVersion(settings, 'recognizer', 'mine-1');
  assert.equal(await findVersion(settings, 'recognizer', 'mine-1'), null);
  assert.equal(listing(settings, 'weights').length, 2, 'the other version needs them');
  await removeVersion(settings, 'recognizer', 'mine-2');
  assertNothingLeft(settings);
  assert.ok(!existsSync(join(settings.data_dir, 'models/recognizer')));
});

test('only what was registered is removed', async (t) => {
  const settings = stagingSettings(tempDir(t));
  await assert.rejects(removeVersion(settings, 'recognizer', 'omz-0095'), { code: 'conflict', param: 'version' });
  await assert.rejects(removeVersion(settings, 'recognizer', 'nothing'), { code: 'not_found', param: 'version' });
  await assert.rejects(removeVersion(settings, 'recognizer', '../..'), { code: 'not_found' });
});

test('a cache that others may share keeps its weights', async (t) => {
  const dir = tempDir(t);
  const settings = stagingSettings(join(dir, 'data'), { cache_dir: join(dir, 'cache') });
  const { manifest, area } = await filled(settings, 'mine-1');
  await register(settings, manifest, area);
  await removeVersion(settings, 'recognizer', 'mine-1');
  assert.equal(readdirSync(join(dir, 'cache')).length, 2);
  assert.deepEqual(listing(settings, 'imported'), []);
});

const SHM = '/dev/shm';
const noOtherDisk = existsSync(SHM) && statSync(SHM).dev !== statSync(tmpdir()).dev ? false : 'no second file system';

test('the cache may be on another disk', { skip: noOtherDisk }, async (t) => {
  const cache = mkdtempSync(join(SHM, 'facepool-test-'));
  t.after(() => rmSync(cache, { recursive: true, force: true }));
  const settings = stagingSettings(tempDir(t), { cache_dir: cache });
  const { manifest, area } = await filled(settings, 'mine-1');
  await register(settings, manifest, area);
  for (const graph of manifest.graphs) assert.equal((await findWeight(cache, graph)).status, 'ok');
});

test('a broken staged version can be removed', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const { manifest, area } = await filled(settings, 'mine-1');
  const { dir } = await register(settings, manifest, area);
  writeFileSync(join(dir, 'manifest.yaml'), 'schema: 9');
  assert.equal((await findVersion(settings, 'recognizer', 'mine-1'))?.problem?.code, 'model_failed');
  await removeVersion(settings, 'recognizer', 'mine-1');
  assert.equal(await findVersion(settings, 'recognizer', 'mine-1'), null);
});
