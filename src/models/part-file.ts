/**
 * Unfinished downloads: `<file>.<pid>.<random>.part` beside the finished one. Each belongs to one process; the part of a
 * process that is gone may be taken over, so that a download goes on where it stopped.
 */
import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

/** Parts that this process writes at the moment: after a restart in a container the pid may be the same. */
const active = new Set<string>();

export type PartFile = {
  readonly path: string;
  /** Bytes that another process left in it. */
  readonly resumedBytes: number;
  /** The file may be gone by now, or be left for a later run. */
  release(): void;
};

/** A new part of this process, or the largest orphan under a new name. Other orphans are removed. */
export async function claimPart(dir: string, file: string): Promise<PartFile> {
  const path = join(dir, `${file}.${process.pid}.${randomBytes(6).toString('hex')}.part`);
  active.add(path);
  let resumedBytes = 0;
  const orphans = await orphansOf(dir, file);
  for (const orphan of orphans) {
    if (resumedBytes > 0) {
      await rm(orphan.path, { force: true });
      continue;
    }
    try {
      // Whoever renames first owns it; the loser gets ENOENT.
      await rename(orphan.path, path);
      resumedBytes = orphan.size;
    } catch {
      // Another process was faster.
    }
  }
  return { path, resumedBytes, release: () => void active.delete(path) };
}

type Orphan = { readonly path: string; readonly size: number };

/** Largest first. */
async function orphansOf(dir: string, file: string): Promise<Orphan[]> {
  const orphans: Orphan[] = [];
  for (const name of await readdir(dir)) {
    if (!name.startsWith(`${file}.`) || !name.endsWith('.part')) continue;
    const path = join(dir, name);
    const pid = Number(name.slice(file.length + 1).split('.')[0]);
    if (active.has(path) || (pid !== process.pid && isAlive(pid))) continue;
    const info = await stat(path).catch(() => null);
    if (info !== null) orphans.push({ path, size: info.size });
  }
  return orphans.sort((a, b) => b.size - a.size);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
