/**
 * What was made of a text the last time. It is kept beside Node's compiled code, and like that it is never needed: what is
 * missing, stale or unreadable is made again.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { replacePrivate } from './private-file.ts';

/** Names the versions of the packages that are asked for. */
const PACKAGE = new URL('../../package.json', import.meta.url).href;

export type Recipe<T> = {
  /** Names the file; a later result takes the place of an earlier one. */
  readonly slot: string;
  /** `import.meta.url` of every module of the project that has a say in the result. */
  readonly code: readonly string[];
  /** What else it depends on. */
  readonly facts: readonly string[];
  /** `keep: false`: it is made each time. Only what JSON can say is kept. */
  readonly make: () => { readonly value: T; readonly keep: boolean };
};

/** @param folder undefined: nothing is kept */
export function keptResult<T>(
  { slot, code, facts, make }: Recipe<T>,
  folder: string | undefined = getCompileCacheDir(),
): T {
  if (folder === undefined) return make().value;
  const file = path.join(folder, `kept-${slot.replaceAll(/[^\w.-]/g, '_')}.json`);
  const digest = digestOf([...[PACKAGE, ...code].map((url) => readFileSync(fileURLToPath(url), 'utf8')), ...facts]);
  const found = read(file);
  if (found?.digest === digest) return found.value as T;
  const { value, keep } = make();
  if (keep) write(file, { digest, value });
  return value;
}

type Kept = { readonly digest: unknown; readonly value: unknown };

function digestOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

function read(file: string): Kept | null {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof found === 'object' && found !== null && 'digest' in found && 'value' in found ? found : null;
  } catch {
    return null;
  }
}

/** Null for what JSON cannot say, such as what holds itself. */
function asJson(kept: Kept): string | null {
  try {
    const text = JSON.stringify(kept);
    return isDeepStrictEqual(JSON.parse(text), kept) ? text : null;
  } catch {
    return null;
  }
}

/** Whole or not at all: several processes may write it. For its owner only: a configuration may hold secrets. */
function write(file: string, kept: Kept): void {
  const text = asJson(kept);
  if (text === null) return;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    replacePrivate(file, text);
  } catch {
    // It is made again the next time.
  }
}
