/** Mirror directories: weight files by name, in the directory itself or one folder below it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Weight } from './store.ts';

/**
 * Files of the right name and size, in the order of the mirrors. Their bytes are not checked here.
 * A mirror that is not there is no error: the default one exists on few machines.
 */
export async function mirrorCandidates(mirrors: readonly string[], weight: Weight): Promise<string[]> {
  const found: string[] = [];
  for (const mirror of mirrors) {
    const entries = await readdir(mirror, { withFileTypes: true }).catch(() => []);
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    for (const folder of ['', ...folders.sort()]) {
      const path = join(mirror, folder, weight.file);
      const info = await stat(path).catch(() => null);
      if (info?.isFile() === true && info.size === weight.bytes) found.push(path);
    }
  }
  return found;
}
