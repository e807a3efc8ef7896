import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const PROJECT_DIR = fileURLToPath(new URL('../../', import.meta.url));
export const DEFAULT_CONFIG_FILE = resolve(PROJECT_DIR, 'config/default.yaml');

/** Of this module, which has a say in what a file comes to. */
export const PATHS_CODE = import.meta.url;

const PATH_SETTINGS = new Set(['data_dir', 'admin.socket', 'store.models_dir', 'store.cache_dir', 'store.mirrors']);

/** Settings that are paths become absolute, seen from `baseDir`; an empty one keeps its meaning ("derive it"). */
export function resolvePaths(path: readonly string[], value: unknown, baseDir: string): unknown {
  if (!PATH_SETTINGS.has(path.join('.'))) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => resolveOne(item, baseDir));
  return resolveOne(value, baseDir);
}

function resolveOne(value: unknown, baseDir: string): unknown {
  return typeof value === 'string' && value !== '' ? resolve(baseDir, value) : value;
}
