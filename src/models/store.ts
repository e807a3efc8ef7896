/**
 * Weights by their sha256: `<cache_dir>/<sha256>/<file>`. A file is hashed once; `verified.json` beside it remembers
 * size, modification time and inode, so that the next start only asks for these. Every write is to a file of its
 * own and then renamed, so processes that share a cache never see half a file and need no lock.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GraphSpec } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import { sha256File } from './digest.ts';

export type Weight = Pick<GraphSpec, 'file' | 'sha256' | 'bytes' | 'urls'>;

/** Where weights are kept and looked for. */
export type StoreOptions = {
  readonly cacheDir: string;
  readonly mirrors: readonly string[];
  readonly offline: boolean;
};

export type Found =
  | { readonly status: 'ok'; readonly path: string }
  | { readonly status: 'missing' }
  | { readonly status: 'damaged'; readonly path: string; readonly detail: string };

const STAMP_FILE = 'verified.json';

type Stamp = { readonly size: number; readonly mtimeMs: number; readonly ino: number };

export function storeOptions(settings: Settings): StoreOptions {
  const { cache_dir, mirrors, offline } = settings.store;
  return { cacheDir: cache_dir === '' ? join(settings.data_dir, 'weights') : cache_dir, mirrors, offline };
}

export function weightDir(cacheDir: string, weight: Weight): string {
  return join(cacheDir, weight.sha256);
}

export function weightPath(cacheDir: string, weight: Weight): string {
  return join(weightDir(cacheDir, weight), weight.file);
}

/**
 * Looks the weight up in the cache.
 * @param again true: hash the file even if it was verified before
 */
export async function findWeight(
  cacheDir: string,
  weight: Weight,
  again = false,
  signal?: AbortSignal,
): Promise<Found> {
  const path = weightPath(cacheDir, weight);
  const stamp = await stampOf(path);
  if (stamp === null) return { status: 'missing' };
  if (stamp.size !== weight.bytes) {
    return { status: 'damaged', path, detail: `${stamp.size} bytes instead of ${weight.bytes}` };
  }
  const stampPath = join(weightDir(cacheDir, weight), STAMP_FILE);
  if (!again && sameStamp(await readStamp(stampPath), stamp)) return { status: 'ok', path };
  const actual = await sha256File(path, signal);
  if (actual !== weight.sha256) {
    await rm(stampPath, { force: true });
    return { status: 'damaged', path, detail: `its sha256 is ${actual}` };
  }
  await remember(stampPath, stamp);
  return { status: 'ok', path };
}

/**
 * Takes a complete file of the cache's own file system into the cache if its bytes are right; removes it if not.
 * @returns the path of the weight, or null when the bytes were wrong
 */
export async function adoptFile(
  cacheDir: string,
  weight: Weight,
  temporary: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const { size } = await stat(temporary);
  if (size !== weight.bytes || (await sha256File(temporary, signal)) !== weight.sha256) {
    await rm(temporary, { force: true });
    return null;
  }
  const handle = await open(temporary, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  const path = weightPath(cacheDir, weight);
  await rename(temporary, path);
  const stamp = await stampOf(path);
  if (stamp !== null) await remember(join(weightDir(cacheDir, weight), STAMP_FILE), stamp);
  return path;
}

export async function ensureWeightDir(cacheDir: string, weight: Weight): Promise<string> {
  const dir = weightDir(cacheDir, weight);
  await mkdir(dir, { recursive: true });
  return dir;
}

async function stampOf(path: string): Promise<Stamp | null> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return { size, mtimeMs, ino };
  } catch {
    return null;
  }
}

function sameStamp(a: Stamp | null, b: Stamp): boolean {
  return a !== null && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;
}

async function readStamp(path: string): Promise<Stamp | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

/** A cache that may only be read (weights baked into an image) is hashed at every start instead. */
async function remember(path: string, stamp: Stamp): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(stamp));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}
