/** Photographs and weights that lie beside the project; without them nothing here can run. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { skipWithoutModels } from '../../fixtures/shared.ts';

export const SHARED_EVAL = fileURLToPath(new URL('../../../../shared/eval/', import.meta.url));

/** For `{ skip }`: false where weights and photographs are, else the reason. */
export const skip: string | false =
  skipWithoutModels === false && !existsSync(SHARED_EVAL) ? 'no ../shared/eval here' : skipWithoutModels;

/** Path of a photograph, e.g. `photos/solvay1927.jpg`. */
export function picturePath(name: string): string {
  return path.join(SHARED_EVAL, name);
}

export function picture(name: string): Buffer {
  return readFileSync(picturePath(name));
}

/** Names of the pictures of a folder, as `picture` takes them; empty where nothing is shared. */
export function pictures(folder: string): string[] {
  if (skip !== false) return [];
  return readdirSync(path.join(SHARED_EVAL, folder))
    .sort()
    .map((file) => `${folder}/${file}`);
}
