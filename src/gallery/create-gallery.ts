/** The people of one server, put together. The store and the search are loaded when they are needed first. */
import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Gallery, People } from '../contract/people.ts';
import type { Settings } from '../contract/settings.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { makePrivateDir } from '../util/private-file.ts';
import { ulid } from '../util/ulid.ts';
import { PeopleGallery } from './gallery.ts';
import type { ServingSpace } from './mismatch.ts';
import { createPeople } from './people.ts';
import { createReembedPort, type ReembedPort } from './reembed-port.ts';
import { keepRetention } from './retention.ts';

export type CreateGalleryDeps = {
  /** Read at each use. */
  readonly settings: Pick<Settings, 'people' | 'data_dir'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Pick<Logger, 'error' | 'info'>;
  /** What the recognizers that serve embed in, now. */
  readonly serving: () => readonly ServingSpace[];
  /** The people were read, and no recognizer can be compared with some of them. @param detail in words, for whoever started the server */
  readonly onMismatch: (detail: string) => void;
};

export type GalleryParts = {
  readonly gallery: Gallery;
  readonly people: People;
  readonly port: ReembedPort;
  /** Begins to read who there is; nothing waits for it. */
  readonly start: () => void;
  readonly close: () => Promise<void>;
};

/** More than this are memory's to feed, not the processors'. */
const MAX_THREADS = 4;

export function createGallery(deps: CreateGalleryDeps): GalleryParts {
  const { settings, clock, metrics, log, serving, onMismatch } = deps;
  const { data_dir: dataDir } = settings;
  const file = path.join(dataDir, 'people.db');
  const copies = path.join(dataDir, 'tmp', 'people-backups');
  const onTrouble = (what: string, err: unknown): void => log.error({ err }, what);
  const gallery = new PeopleGallery({
    settings,
    clock,
    exists: () => existsSync(file),
    createStore: async () => {
      // What a server that was killed left of a backup.
      await rm(copies, { recursive: true, force: true });
      const { createSqliteStore } = await import('./store/sqlite-store.ts');
      const { readKeyFile } = await import('./store/key-file.ts');
      const keyFile = settings.people.encryption_key_file;
      return createSqliteStore({ file, key: keyFile === '' ? null : readKeyFile(keyFile), clock, onTrouble });
    },
    createPool: async () => {
      const { createSearchPool } = await import('./search/pool.ts');
      return createSearchPool({ threads: threadsOf(settings.people.search_threads) });
    },
    onTrouble,
    onRead: () => {
      const { mismatch } = people.status();
      if (mismatch === null) return;
      const { count: collections, faces, spaces, detail } = mismatch;
      log.error({ collections, faces, spaces }, detail);
      onMismatch(detail);
    },
    onWrite: (op, seconds) => metrics.peopleWriteDuration.observe({ op }, seconds),
    onSearch: (seconds) => metrics.peopleSearchDuration.observe(seconds),
  });
  const people = createPeople({
    gallery,
    settings,
    clock,
    serving,
    newBackupFile: async () => {
      makePrivateDir(copies);
      const copy = path.join(copies, `${ulid(clock.date().getTime())}.db`);
      return { file: copy, size: async () => (await stat(copy)).size };
    },
  });
  metrics.observePeople(() => people.status());
  let endRetention = (): void => {};
  return {
    gallery,
    people,
    port: createReembedPort(gallery),
    start: () => {
      gallery.opening.start();
      endRetention = keepRetention({
        gallery,
        settings,
        clock,
        onExpired: (faces, subjects) =>
          log.info({ faces, subjects }, 'people who were enrolled too long ago are deleted'),
        onTrouble,
      });
    },
    close: async () => {
      endRetention();
      await gallery.opening.close();
    },
  };
}

function threadsOf(asked: Settings['people']['search_threads']): number {
  return asked === 'auto' ? Math.min(MAX_THREADS, os.availableParallelism()) : asked;
}
