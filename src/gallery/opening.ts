/**
 * The life of the store and its search: opened when there is something to open, or with the first change, so that a
 * server without people has neither the thread nor the file; tried again when it fails; replaced by a restore.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { PeopleStatus } from '../contract/people.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { Directory } from './directory.ts';
import { Erasing } from './erasing.ts';
import { lentStore } from './lent-store.ts';
import type { CollectionId, CollectionRecord, PeopleStore } from './people-store.ts';
import { SpaceIndexes } from './space-indexes.ts';
import type { SearchPool } from './vector-index.ts';

export type OpeningDeps = {
  /** Read at each use. */
  readonly settings: Pick<Settings, 'people'>;
  readonly clock: Clock;
  /** True: there is a store on the disk already. */
  readonly exists: () => boolean;
  readonly createStore: () => Promise<PeopleStore>;
  readonly createPool: () => Promise<SearchPool>;
  /** A store that cannot be opened, and the like; never a name, never an embedding. */
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Everybody was read: at the start, and whenever another store takes the place of this one. */
  readonly onRead?: (() => void) | undefined;
};

/** The store and its search, open. The store serves as long as they belong together (lent-store.ts). */
export type OpenPeople = { readonly store: PeopleStore; readonly indexes: SpaceIndexes };

/** Waits between two tries to open a store that could not be opened. */
const RETRY_MS = [5_000, 15_000, 60_000];
/** Names read at once: about a millisecond of the event loop. */
const NAMES_PAGE = 1000;
/** Collections read at once: about a millisecond too. */
const COLLECTIONS_PAGE = 200;

export class Opening {
  readonly directory = new Directory();
  readonly erasing: Erasing;
  readonly #deps: OpeningDeps;
  /** `empty`: nothing was opened, because there is nothing yet. */
  #state: PeopleStatus['state'] = 'empty';
  #detail = '';
  #open: OpenPeople | null = null;
  /** What `#open` lends; kept when it could not be opened, so that a copy can take its place. */
  #store: PeopleStore | null = null;
  #opening: Promise<OpenPeople> | null = null;
  #pool: Promise<SearchPool> | null = null;
  #storeBytes = 0;
  #failures = 0;
  #cancelRetry = (): void => {};
  #closed = false;

  constructor(deps: OpeningDeps) {
    this.#deps = deps;
    this.erasing = new Erasing(deps);
  }

  /** Begins to open what there is; nothing waits for it. */
  start(): void {
    if (this.#deps.settings.people.enabled && this.#deps.exists()) void this.#begin().catch(() => {});
  }

  /** What was begun is finished (people-store.ts); nothing can be asked afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    this.erasing.stop();
    await this.#opening?.catch(() => {});
    this.#open?.indexes.clear();
    this.#open = null;
    try {
      await this.#store?.close();
    } finally {
      // Also where the disk is full: threads that stay would keep the server from ending.
      await (await this.#pool)?.close();
    }
  }

  get state(): { readonly state: PeopleStatus['state']; readonly detail: string } {
    if (!this.#deps.settings.people.enabled) return { state: 'off', detail: 'people.enabled is false' };
    const isEmpty = this.#state === 'ready' && this.directory.collections().every(({ faces }) => faces === 0);
    return { state: isEmpty ? 'empty' : this.#state, detail: this.#detail };
  }

  get bytes(): { readonly store: number; readonly index: number } {
    return { store: this.#storeBytes, index: this.#open?.indexes.bytes ?? 0 };
  }

  /** True: there never was anybody, and nothing has to be opened to know it. */
  get isUntouched(): boolean {
    return this.#open === null && this.#state === 'empty';
  }

  /** @throws `people_unavailable`: switched off, being read, failed; `shutting_down` */
  get current(): OpenPeople {
    if (this.#closed) throw new FacepoolError('shutting_down', 'The server is shutting down.');
    if (!this.#deps.settings.people.enabled) throw peopleUnavailable('people are switched off (people.enabled)');
    if (this.#open === null) throw peopleUnavailable(this.#detail);
    return this.#open;
  }

  /** False: another store took its place, or it is read anew. */
  isCurrent(open: OpenPeople): boolean {
    return this.#open === open;
  }

  /** As `current`, but a store that nobody has needed yet is opened, and made. */
  async use(): Promise<OpenPeople> {
    if (!this.isUntouched || this.#closed || !this.#deps.settings.people.enabled) return this.current;
    return this.#opening ?? this.#begin();
  }

  /** As `use`, for who only looks: null where there never was anybody, and nothing is made to say so. */
  async look(): Promise<OpenPeople | null> {
    const isFree = !this.#closed && this.#deps.settings.people.enabled;
    return isFree && this.isUntouched && !this.#deps.exists() ? null : this.use();
  }

  /** Counts and spaces of one collection, after a change of it; never an error, for the change was made. */
  async refreshCollection(open: OpenPeople, id: CollectionId): Promise<void> {
    try {
      const record = await open.store.collection(id);
      // At once: an answer to a later change may be next.
      if (this.#open === open) this.directory.setCollection(record);
    } catch (error) {
      // It may be gone meanwhile.
      if (!(error instanceof FacepoolError) || error.code !== 'not_found') this.doubt(open, error);
    }
    await this.refreshBytes(open);
  }

  /** What the store takes on the disk; never an error. */
  async refreshBytes(open: OpenPeople): Promise<void> {
    this.#storeBytes = await open.store.totals().then(
      ({ bytes }) => bytes,
      () => this.#storeBytes,
    );
  }

  /** Counts and spaces as the store has them. Nothing where it is read anew: they are read with it. */
  async refresh(): Promise<void> {
    if (this.#open === null) return;
    const { store } = this.#open;
    this.directory.setCollections(await store.collections());
    this.#storeBytes = (await store.totals()).bytes;
  }

  /**
   * Everything is read again: `replace` makes the store another one, or rejects and leaves it as it is. Also in the place
   * of a store that could not be opened.
   */
  async reopen(replace: (store: PeopleStore) => Promise<void>): Promise<void> {
    const isBroken = this.#open === null && this.#state === 'failed' && !this.#closed;
    // One at a time: what else is read meanwhile comes first.
    if (!isBroken && (await this.use()) !== this.#open) throw peopleUnavailable(this.#detail);
    this.#cancelRetry();
    let replaced: Promise<void> = Promise.resolve();
    try {
      await this.#readAnew('another store takes its place', async (store) => {
        replaced = replace(store);
        await replaced.catch(() => {});
      });
    } finally {
      // What is wrong with the copy is what was asked for, and not that the store is as broken as before.
      await replaced;
    }
  }

  /** Nobody is told who somebody is until everything is read. @param first before that */
  async #readAnew(why: string, first: (store: PeopleStore) => Promise<void>): Promise<void> {
    this.#open?.indexes.clear();
    this.#open = null;
    this.#set('loading', why);
    await this.#begun(async () => {
      const store = (this.#store ??= await this.#deps.createStore());
      // One whose thread has ended, or whose file is damaged, may all the same be replaced.
      const broken = await store.open().then(
        () => null,
        (error: unknown) => ({ error }),
      );
      await first(store);
      if (broken !== null) await store.open();
      return this.#load(store);
    });
  }

  /** Whether a change was made is not known; what is searched must be what is stored. */
  doubt(open: OpenPeople, error: unknown): void {
    if (this.#open !== open || this.#closed) return;
    this.#deps.onTrouble('a change of people may have been made halfway; they are read again', error);
    void this.#readAnew('the store is read again', async () => {}).catch(() => {});
  }

  #begin(): Promise<OpenPeople> {
    // While a new one is made there is still nobody, which everybody may know.
    if (this.#deps.exists()) this.#set('loading', 'the store is being opened');
    return this.#begun(async () => {
      const store = (this.#store = await this.#deps.createStore());
      await store.open();
      return this.#load(store);
    });
  }

  #begun(open: () => Promise<OpenPeople>): Promise<OpenPeople> {
    this.#opening = (async () => {
      try {
        const opened = await open();
        this.#failures = 0;
        return opened;
      } catch (error) {
        const store = this.#store;
        this.#store = null;
        await store?.close().catch(() => {});
        throw this.#failed(error);
      } finally {
        this.#opening = null;
      }
    })();
    return this.#opening;
  }

  /** Reads everything that the search needs. */
  async #load(store: PeopleStore): Promise<OpenPeople> {
    // First: who waits until nothing is left must not believe it while people are read.
    this.erasing.found(await store.unfinishedDeletions());
    const indexes = new SpaceIndexes(await (this.#pool ??= this.#deps.createPool()));
    this.directory.clear();
    const collections: CollectionRecord[] = [];
    // In pages: nobody changes anything before it is open, and ten thousand at once would hold up everybody else.
    for (let after: string | null = null; ; ) {
      const page: readonly CollectionRecord[] = await store.collections({ after, limit: COLLECTIONS_PAGE });
      for (const record of page) this.directory.setCollection(record);
      collections.push(...page);
      after = page.at(-1)?.name ?? after;
      if (page.length < COLLECTIONS_PAGE) break;
    }
    for (let after = 0; ; ) {
      const page = await store.names(after, NAMES_PAGE);
      for (const subject of page) this.directory.setSubject(subject);
      after = page.at(-1)?.id ?? after;
      if (page.length < NAMES_PAGE) break;
    }
    const { faces, bytes } = await store.totals();
    for (const { space } of await store.spaces()) {
      const own = collections.filter(({ spaces }) => spaces.some((one) => one.space === space)).map(({ id }) => id);
      await indexes.load(store, space, own, (read) => {
        if (this.#closed) throw new FacepoolError('shutting_down', 'The server is shutting down.');
        this.#set(this.#state, `${read} of ${faces} faces are read`);
      });
    }
    this.#storeBytes = bytes;
    const open: OpenPeople = {
      store: lentStore(store, { isCurrent: () => this.#open === open, onDoubt: (error) => this.doubt(open, error) }),
      indexes,
    };
    this.#open = open;
    this.#set('ready', '');
    const isCurrent = (): boolean => this.#open === open;
    void this.erasing.goOn(open.store, isCurrent, () => void this.refreshBytes(open));
    this.#deps.onRead?.();
    return open;
  }

  #failed(error: unknown): FacepoolError {
    const known =
      error instanceof FacepoolError ? error : peopleUnavailable('they cannot be opened; the log says why', error);
    // Where nothing could be made there is still nobody, and the next change tries again.
    const isNew = !this.#deps.exists();
    this.#set(isNew ? 'empty' : 'failed', isNew ? '' : known.message);
    if (this.#closed || isNew) return known;
    this.#deps.onTrouble('people cannot be opened', error);
    const wait = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)] ?? 0;
    this.#cancelRetry = this.#deps.clock.after(wait, () => void this.#begin().catch(() => {}));
    return known;
  }

  #set(state: PeopleStatus['state'], detail: string): void {
    this.#state = state;
    this.#detail = detail;
  }
}

export function peopleUnavailable(detail: string, cause?: unknown): FacepoolError {
  const said = 'People cannot be asked for now: ';
  return new FacepoolError('people_unavailable', detail.startsWith(said) ? detail : said + detail, { cause });
}
