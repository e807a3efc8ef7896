/** The keys as a running server sees them: what `facepool keys` changes counts from the next request on. */
import { statSync } from 'node:fs';
import { type ApiKey, keyFile, readKeys } from './key-file.ts';

/**
 * Looks at the file's inode and times at every question (some microseconds) and reads it again when they differ. A
 * file that has become unreadable is not answered from memory: a revoked key in it would live on.
 */
export class KeyStore {
  readonly #dataDir: string;
  #seen = '';
  #byId: ReadonlyMap<string, ApiKey> = new Map();

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** @throws FacepoolError `internal`, as `readKeys` */
  find(id: string): ApiKey | undefined {
    return this.#fresh().get(id);
  }

  /** @throws FacepoolError `internal`, as `readKeys` */
  all(): readonly ApiKey[] {
    return [...this.#fresh().values()];
  }

  #fresh(): ReadonlyMap<string, ApiKey> {
    const seen = this.#fingerprint();
    if (seen !== this.#seen) {
      // Taken before the file is read: what changes in between is seen at the next question.
      this.#byId = new Map(readKeys(this.#dataDir).map((key) => [key.id, key]));
      this.#seen = seen;
    }
    return this.#byId;
  }

  #fingerprint(): string {
    const stats = statSync(keyFile(this.#dataDir), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return 'missing';
    return [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
  }
}
