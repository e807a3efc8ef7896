/** Obtains weights: from the local cache, else a mirror directory, else an upstream address; verified in each case. */
import { constants } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { FacepoolError } from '../contract/errors.ts';
import type { GraphSpec, Manifest } from '../contract/manifest.ts';
import { download } from './download.ts';
import type { Fetch } from './download.ts';
import { mirrorCandidates } from './mirrors.ts';
import { claimPart } from './part-file.ts';
import { adoptFile, ensureWeightDir, findWeight } from './store.ts';
import type { StoreOptions, Weight } from './store.ts';

export type PullProgress = {
  readonly graph: string;
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
};

export type PullOptions = {
  readonly store: StoreOptions;
  /** Graphs to obtain; default: all of the manifest. */
  readonly graphs?: readonly GraphSpec[] | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fetch?: Fetch | undefined;
  readonly idleTimeoutMs?: number | undefined;
};

type Obtained = {
  readonly status: 'present' | 'copied' | 'downloaded' | 'failed';
  /** Path in the cache; null when it failed. */
  readonly path: string | null;
  /** What each source that was tried and did not serve had wrong. */
  readonly problems: readonly string[];
};

export type PullResult = Obtained & { readonly graph: string; readonly file: string; readonly bytes: number };

/**
 * One graph after the other. A graph that no source has is a result with `failed`, not an error.
 * @throws the signal's reason
 */
export async function pull(manifest: Manifest, options: PullOptions): Promise<PullResult[]> {
  const results: PullResult[] = [];
  for (const graph of options.graphs ?? manifest.graphs) {
    const report = (receivedBytes: number): void =>
      options.onProgress?.({ graph: graph.id, file: graph.file, receivedBytes, totalBytes: graph.bytes });
    const obtained = await obtain(graph, options, report);
    if (obtained.status !== 'failed') report(graph.bytes);
    results.push({ graph: graph.id, file: graph.file, bytes: graph.bytes, ...obtained });
  }
  return results;
}

/**
 * The local half of `pull`: cache and mirrors, never the network.
 * @throws the signal's reason
 */
export async function obtainLocally(weight: Weight, store: StoreOptions, signal?: AbortSignal): Promise<Obtained> {
  return obtain(weight, { store: { ...store, offline: true }, signal }, () => {});
}

async function obtain(weight: Weight, options: PullOptions, report: (received: number) => void): Promise<Obtained> {
  const { store, signal } = options;
  const problems: string[] = [];
  try {
    signal?.throwIfAborted();
    const cached = await findWeight(store.cacheDir, weight, false, signal);
    if (cached.status === 'ok') return { status: 'present', path: cached.path, problems };
    if (cached.status === 'damaged') {
      problems.push(`cache: ${cached.detail}`);
      await rm(cached.path, { force: true });
    }
    const copied = await fromMirrors(weight, store, problems, signal);
    if (copied !== null) return { status: 'copied', path: copied, problems };
    const downloaded = await fromUpstream(weight, options, problems, report);
    if (downloaded !== null) return { status: 'downloaded', path: downloaded, problems };
  } catch (error) {
    signal?.throwIfAborted();
    problems.push(`cache: ${reasonOf(error)}`);
  }
  return { status: 'failed', path: null, problems };
}

async function fromMirrors(
  weight: Weight,
  store: StoreOptions,
  problems: string[],
  signal?: AbortSignal,
): Promise<string | null> {
  const candidates = await mirrorCandidates(store.mirrors, weight);
  for (const candidate of candidates) {
    const part = await claimPart(await ensureWeightDir(store.cacheDir, weight), weight.file);
    try {
      // The copy is verified, not the original: that may change in between. FICLONE shares the bytes where it can.
      await copyFile(candidate, part.path, constants.COPYFILE_FICLONE);
      const path = await adoptFile(store.cacheDir, weight, part.path, signal);
      if (path !== null) return path;
      problems.push(`mirror ${candidate}: other bytes than the manifest's sha256`);
    } catch (error) {
      signal?.throwIfAborted();
      problems.push(`mirror ${candidate}: ${reasonOf(error)}`);
    } finally {
      await rm(part.path, { force: true });
      part.release();
    }
  }
  if (candidates.length === 0) problems.push('mirrors: none has the file');
  return null;
}

async function fromUpstream(
  weight: Weight,
  options: PullOptions,
  problems: string[],
  report: (received: number) => void,
): Promise<string | null> {
  if (weight.urls.length === 0) problems.push('upstream: no address has these bytes');
  else if (options.store.offline) problems.push('upstream: not asked (offline)');
  if (options.store.offline) return null;
  for (const url of weight.urls) {
    const path = await fromUrl(url, weight, options, problems, report);
    if (path !== null) return path;
  }
  return null;
}

/** A part that an earlier run left may be of other bytes: then the address gets one more try from the beginning. */
async function fromUrl(
  url: string,
  weight: Weight,
  options: PullOptions,
  problems: string[],
  report: (received: number) => void,
): Promise<string | null> {
  const { store, signal, fetch, idleTimeoutMs } = options;
  const part = await claimPart(await ensureWeightDir(store.cacheDir, weight), weight.file);
  try {
    for (const resumed of part.resumedBytes > 0 ? [true, false] : [false]) {
      await download({ url, path: part.path, bytes: weight.bytes, fetch, signal, idleTimeoutMs, onProgress: report });
      const path = await adoptFile(store.cacheDir, weight, part.path, signal);
      if (path !== null) return path;
      if (!resumed) problems.push(`${url}: other bytes than the manifest's sha256`);
    }
  } catch (error) {
    signal?.throwIfAborted();
    problems.push(`${url}: ${reasonOf(error)}`);
  } finally {
    part.release();
  }
  return null;
}

/** Without paths: the code of a file error says enough. */
function reasonOf(error: unknown): string {
  if (error instanceof FacepoolError) return error.message;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}
