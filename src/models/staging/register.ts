/** The last step of a staging: its files go where the server looks for them, the manifest last and in one step. */
import { copyFile, mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FacepoolError } from '../../contract/errors.ts';
import type { Manifest } from '../../contract/manifest.ts';
import type { Settings } from '../../contract/settings.ts';
import { asStorageError, fileErrorCode } from '../../contract/storage-errors.ts';
import { makePrivateDir } from '../../util/private-file.ts';
import { ulid } from '../../util/ulid.ts';
import { modelDir, stagedModelsDir } from '../catalogue.ts';
import { importedDir } from '../import.ts';
import { claimPart } from '../part-file.ts';
import { adoptFile, ensureWeightDir, findWeight, storeOptions } from '../store.ts';
import type { Weight } from '../store.ts';
import { findVersion, openVersion } from '../versions.ts';
import type { SoundVersion } from '../versions.ts';
import { removeTree, stagingDir, syncDir } from './area.ts';
import type { Area } from './area.ts';
import { filesOf } from './check-manifest.ts';
import { dropUnused, placedBy, takeBack, writePlaced } from './placed.ts';

/** One change of what is registered at a time: what one takes back, another may just need. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work, work);
  last = done.catch(() => {});
  return done;
}

/**
 * @param area with the complete version in it; its folder stays, without what was taken from it
 * @throws FacepoolError `conflict` when there is such a version, `storage_full`; then nothing has changed
 */
export function register(settings: Settings, manifest: Manifest, area: Area): Promise<SoundVersion> {
  return inTurn(async () => {
    const { name, version } = manifest;
    if ((await findVersion(settings, name, version)) !== null) throw duplicate(name, version);
    try {
      writePlaced(area.dir, placedBy(manifest));
      await placeWeights(settings, manifest, area);
      await placeImported(settings, area);
      await syncDir(area.versionDir);
      const dir = modelDir(stagedModelsDir(settings), name, version);
      makePrivateDir(dirname(dir));
      await rename(area.versionDir, dir);
      await syncDir(dirname(dir));
    } catch (error) {
      await takeBack(settings, area.dir);
      const isThere = ['ENOTEMPTY', 'EEXIST'].includes(fileErrorCode(error) ?? '');
      throw isThere ? duplicate(name, version) : asStorageError(error);
    }
    return openVersion(settings, name, version);
  });
}

export function duplicate(model: string, version: string): FacepoolError {
  const detail = `there is a version "${version}" of ${model} already; a version never changes, so this one needs another name`;
  return new FacepoolError('conflict', detail, { param: 'version' });
}

async function placeWeights(settings: Settings, manifest: Manifest, area: Area): Promise<void> {
  const { cacheDir } = storeOptions(settings);
  for (const [name, weight] of filesOf(manifest).weights) {
    if ((await findWeight(cacheDir, weight)).status === 'ok') continue;
    await placeWeight(cacheDir, weight, join(area.weightsDir, name));
  }
}

async function placeWeight(cacheDir: string, weight: Weight, source: string): Promise<void> {
  const dir = await ensureWeightDir(cacheDir, weight);
  const part = await claimPart(dir, weight.file);
  try {
    await rename(source, part.path).catch(async (error: unknown) => {
      // The cache is on another disk.
      if (fileErrorCode(error) !== 'EXDEV') throw error;
      await copyFile(source, part.path);
    });
    const path = await adoptFile(cacheDir, weight, part.path);
    if (path === null) throw new FacepoolError('model_failed', `${weight.file} has changed on the disk`);
    await syncDir(dir);
    await syncDir(cacheDir);
  } finally {
    part.release();
  }
}

async function placeImported(settings: Settings, area: Area): Promise<void> {
  const from = importedDir(area.dir);
  const to = importedDir(settings.data_dir);
  const files = await readdir(from).catch(() => []);
  if (files.length === 0) return;
  await mkdir(to, { recursive: true });
  for (const file of files) await rename(join(from, file), join(to, file));
  await syncDir(to);
}

/**
 * Removes a staged version with what only it needed. That no alias points at it is the caller's to know.
 * @throws FacepoolError `not_found`, `conflict` for a version that came with the server
 */
export function removeVersion(settings: Settings, model: string, version: string): Promise<void> {
  return inTurn(async () => {
    const found = await findVersion(settings, model, version);
    if (found === null) {
      throw new FacepoolError('not_found', `there is no version "${version}" of ${model}`, { param: 'version' });
    }
    if (found.source !== 'staged') {
      throw new FacepoolError('conflict', `${model}/${version} came with the server; it is not removed`, {
        param: 'version',
      });
    }
    const dir = modelDir(stagedModelsDir(settings), model, version);
    const doomed = join(stagingDir(settings), ulid());
    makePrivateDir(doomed);
    if (found.manifest !== null) writePlaced(doomed, placedBy(found.manifest));
    await rename(dir, join(doomed, basename(dir)));
    await syncDir(dirname(dir));
    if (found.manifest !== null) await dropUnused(settings, placedBy(found.manifest));
    await removeTree(doomed);
    // Where it was the last one; it is no harm when the folder stays.
    await rmdir(dirname(dir)).catch(() => {});
  });
}
