/** The aliases of every model, on disk: a server that starts again serves what it served. `<data_dir>/aliases.json`. */
import { readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { FacepoolError } from '../contract/errors.ts';
import { type AliasState, aliasStateSchema } from '../contract/rollout.ts';
import { asStorageError, fileErrorCode } from '../contract/storage-errors.ts';
import { replacePrivate } from '../util/private-file.ts';
import { type Author, initialState, moveAliases, type Move, reconfigured } from './alias-state.ts';

const fileSchema = z.strictObject({ schema: z.literal(1), models: z.record(z.string(), aliasStateSchema) });

export type AliasStoreOptions = {
  readonly dataDir: string;
  /** Model → version that the settings name. */
  readonly configured: ReadonlyMap<string, string>;
  readonly now: () => Date;
  /** A file that cannot be read is set aside, and the configured versions serve. Told too of settings that cannot be written. */
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Writes the file whole or not at all; for tests of a full disk. */
  readonly write?: ((file: string, text: string) => void) | undefined;
};

/** Every change is on the disk before it counts, but for what a start finds: that counts, and is written where it can be. */
export class AliasStore {
  readonly #file: string;
  readonly #now: () => Date;
  readonly #write: (file: string, text: string) => void;
  readonly #onTrouble: AliasStoreOptions['onTrouble'];
  #models: Map<string, AliasState>;
  /** Of models that are not served now: for when they come back. */
  readonly #away: Map<string, AliasState>;
  /** What was known before of models whose settings name a version that has not been found yet; null: nothing. */
  #unfound = new Map<string, AliasState | null>();

  /**
   * A version that the settings name and that differs from what they named when the file was written wins over the file:
   * somebody edited the settings, which is the later word. It is written when it is `found`.
   */
  constructor(options: AliasStoreOptions) {
    this.#file = path.join(options.dataDir, 'aliases.json');
    this.#now = options.now;
    this.#write = options.write ?? replacePrivate;
    this.#onTrouble = options.onTrouble;
    this.#away = new Map(readStates(this.#file, options));
    this.#models = new Map(
      [...options.configured].map(([model, version]) => {
        const state = this.#away.get(model);
        this.#away.delete(model);
        if (state?.configured === version) return [model, state];
        this.#unfound.set(model, state ?? null);
        const author: Author = { at: options.now(), by: 'settings', why: '' };
        return [model, state === undefined ? initialState(version, author) : reconfigured(state, version, author)];
      }),
    );
  }

  /**
   * The versions that the settings name of these models are there: from here on the next settings know them as what was
   * before. A name that is misspelt never is. What cannot be written is told, and written with the next change.
   */
  found(models: Iterable<string>): void {
    const news = [...models].filter((model) => this.#unfound.delete(model));
    if (news.length > 0) this.#saveOrTell(news);
  }

  /** At a start: the stable version is gone, and this one, which the settings name, is there. Told as what is `found`. */
  giveWay(model: string, version: string): void {
    const author: Author = { at: this.#now(), by: 'facepool', why: 'the stable version is gone' };
    this.#models.set(model, moveAliases(this.state(model), { action: 'promote', version }, author));
    this.#unfound.delete(model);
    this.#saveOrTell([model]);
  }

  /** @throws FacepoolError `not_found` */
  state(model: string): AliasState {
    const state = this.#models.get(model);
    if (state === undefined) throw new FacepoolError('not_found', `there is no model "${model}"`, { param: 'model' });
    return state;
  }

  /** Null for a model that is not served. */
  find(model: string): AliasState | null {
    return this.#models.get(model) ?? null;
  }

  /** A model that is served from now on, in the version that the settings name; what is known of it counts on. */
  add(model: string, version: string): void {
    const known = this.#away.get(model);
    const author: Author = { at: this.#now(), by: 'settings', why: '' };
    const state = known === undefined ? initialState(version, author) : reconfigured(known, version, author);
    this.#keep(model, state);
    this.#away.delete(model);
  }

  /** A model that is not served any more. */
  remove(model: string): void {
    const state = this.#models.get(model);
    if (state === undefined) return;
    const before = this.#unfound.get(model);
    if (before !== null) this.#away.set(model, before ?? state);
    this.#unfound.delete(model);
    this.#models.delete(model);
  }

  /** @throws FacepoolError `not_found`, `conflict`, `storage_full`, `internal`; nothing has changed then */
  move(model: string, move: Move, by: string, why: string, ifGeneration?: number): AliasState {
    const state = this.state(model);
    const next = moveAliases(state, move, { at: this.#now(), by, why }, ifGeneration);
    const before = this.#unfound.get(model);
    if (before === undefined || next.previous !== state.stable) return this.#keep(model, next);
    // What was never there is no way back: that is what it was without it.
    const previous = before?.stable === next.stable ? before.previous : (before?.stable ?? null);
    return this.#keep(model, { ...next, previous });
  }

  /** The settings were read again: they name this version, and what the aliases say since is the later word. */
  nameConfigured(model: string, version: string): void {
    const state = this.state(model);
    if (state.configured !== version) this.#keep(model, { ...state, configured: version });
  }

  #keep(model: string, next: AliasState): AliasState {
    const models = new Map(this.#models).set(model, next);
    const unfound = new Map(this.#unfound);
    unfound.delete(model);
    this.#save(models, unfound);
    this.#models = models;
    this.#unfound = unfound;
    return next;
  }

  /** A start does what the settings say, whatever the disk says. */
  #saveOrTell(models: readonly string[]): void {
    try {
      this.#save(this.#models, this.#unfound);
    } catch (error) {
      this.#onTrouble(`what the settings name of ${models.join(', ')} is in force, and not written`, error);
    }
  }

  /** @throws FacepoolError `storage_full`, `internal` */
  #save(models: ReadonlyMap<string, AliasState>, unfound: ReadonlyMap<string, AliasState | null>): void {
    const all = new Map([...this.#away, ...models, ...unfound]);
    const known = [...all].filter(([, state]) => state !== null);
    try {
      this.#write(this.#file, `${JSON.stringify({ schema: 1, models: Object.fromEntries(known) }, null, 2)}\n`);
    } catch (error) {
      throw notWritten(error);
    }
  }
}

/** What the file system says names paths, which are nobody's business who reads how a swap ended. */
function notWritten(error: unknown): FacepoolError {
  const known = asStorageError(error);
  const isFull = known instanceof FacepoolError && known.code === 'storage_full';
  const why = isFull ? 'the disk is full' : (fileErrorCode(error) ?? 'the log says why');
  const detail = `the aliases cannot be written, and nothing has changed: ${why}`;
  return new FacepoolError(isFull ? 'storage_full' : 'internal', detail, { cause: error });
}

function readStates(file: string, options: AliasStoreOptions): ReadonlyMap<string, AliasState> {
  try {
    return new Map(Object.entries(fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).models));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    const aside = `${file}.broken-${options.now().getTime()}`;
    options.onTrouble(`the aliases cannot be read; they are kept as ${path.basename(aside)}`, error);
    try {
      renameSync(file, aside);
    } catch (failed) {
      options.onTrouble('the broken aliases cannot be set aside', failed);
    }
    return new Map();
  }
}
