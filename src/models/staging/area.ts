/**
 * Where a version is put together: `<data_dir>/staging/<id>/`, private, and gone when it is registered or refused. What a
 * server left that was killed meanwhile is removed at the next start.
 *
 *     version/    becomes <data_dir>/models/<name>/<version>/ in one step
 *     weights/    goes into the cache
 *     imported/   goes into <data_dir>/imported/
 *     placed.json what has left this folder, so that it can be taken back
 */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../../contract/settings.ts';
import { makePrivateDir } from '../../util/private-file.ts';
import { ulid } from '../../util/ulid.ts';
import { takeBack } from './placed.ts';

export type Area = {
  readonly dir: string;
  readonly versionDir: string;
  readonly weightsDir: string;
};

/** A child that was ended a moment ago may still write. */
const REMOVE_RETRIES = 5;

export async function openArea(settings: Settings): Promise<Area> {
  const dir = join(stagingDir(settings), ulid());
  const area = { dir, versionDir: join(dir, 'version'), weightsDir: join(dir, 'weights') };
  makePrivateDir(dir);
  await mkdir(area.versionDir, { mode: 0o700 });
  await mkdir(area.weightsDir, { mode: 0o700 });
  return area;
}

export async function removeTree(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: REMOVE_RETRIES, retryDelay: 20 });
}

/** For a start: removes what stagings left that did not end. Only while no other server has this data directory. */
export async function cleanStaging(settings: Settings): Promise<number> {
  const root = stagingDir(settings);
  const left = await readdir(root).catch(() => []);
  for (const name of left) {
    await takeBack(settings, join(root, name));
    await removeTree(join(root, name));
  }
  return left.length;
}

export function stagingDir(settings: Settings): string {
  return join(settings.data_dir, 'staging');
}

/** A new name is safe only when its folder is on the disk as well. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
