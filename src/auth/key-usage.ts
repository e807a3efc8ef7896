/**
 * When each key was last used, to the minute: `<data_dir>/keys-used.json`, written by the server alone and at most once
 * a minute. It is apart from keys.json so that using a key never rewrites the file that decides who may come in.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../util/clock.ts';
import { replacePrivate } from '../util/private-file.ts';

const WRITE_EVERY_MS = 60_000;

const usageSchema = z.record(z.string(), z.iso.datetime());

function usageFile(dataDir: string): string {
  return path.join(dataDir, 'keys-used.json');
}

/** Key id → ISO time. Empty where nothing is known; a broken file is nothing known, and is written anew. */
export function readKeyUsage(dataDir: string): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(usageSchema.parse(JSON.parse(readFileSync(usageFile(dataDir), 'utf8')))));
  } catch {
    return new Map();
  }
}

export class KeyUsage {
  readonly #dataDir: string;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #used: Map<string, string>;
  #cancel: (() => void) | undefined;

  /** @param onError told when the file cannot be written; nothing else depends on it */
  constructor(dataDir: string, clock: Clock, onError: (error: unknown) => void) {
    this.#dataDir = dataDir;
    this.#clock = clock;
    this.#onError = onError;
    this.#used = new Map(readKeyUsage(dataDir));
  }

  touch(id: string): void {
    const minute = new Date(Math.floor(this.#clock.date().getTime() / WRITE_EVERY_MS) * WRITE_EVERY_MS).toISOString();
    if (this.#used.get(id) === minute) return;
    this.#used.set(id, minute);
    this.#cancel ??= this.#clock.after(WRITE_EVERY_MS, () => this.flush());
  }

  /** Writes what is not written yet. */
  flush(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#cancel = undefined;
    try {
      replacePrivate(usageFile(this.#dataDir), `${JSON.stringify(Object.fromEntries(this.#used))}\n`);
    } catch (error) {
      this.#onError(error);
    }
  }
}
