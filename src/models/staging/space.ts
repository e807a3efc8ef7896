/** Is there room on the disks for a version, before anything is copied? */
import { stat, statfs } from 'node:fs/promises';
import { FacepoolError } from '../../contract/errors.ts';

/** Bytes that this user may still write in the file system of a folder. */
export type FreeBytes = (folder: string) => Promise<number>;

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** The weights as they came, and once more as imported graphs. */
const TIMES = 2;

/**
 * @param folders where the files go; they exist
 * @param bytes of the weights together
 * @throws FacepoolError `storage_full`
 */
export async function checkSpace(
  folders: readonly string[],
  bytes: number,
  free: FreeBytes = freeBytes,
): Promise<void> {
  const disks = new Map<number, string>();
  for (const folder of folders) disks.set((await stat(folder)).dev, folder);
  const needed = bytes * TIMES;
  for (const folder of disks.values()) {
    const left = await free(folder);
    if (left >= needed) continue;
    const mb = (n: number): string => (n / 1e6).toFixed(1);
    throw new FacepoolError('storage_full', `the disk has ${mb(left)} MB left; this version needs ${mb(needed)} MB`);
  }
}
