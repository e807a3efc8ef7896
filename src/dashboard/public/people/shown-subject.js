/**
 * The person that is shown, with the tag of that state: read again, and changed only where it is still what was shown, so that
 * two who change the same person at the same time do not overwrite one another.
 */
import { isAbort } from '../lib/problem.js';
import { isSureOf, MaybeDone } from './certainty.js';
import { ChangedMeanwhile, isStale, sameButFaces } from './changed-words.js';

/** @import { Subject } from '../../../contract/people.ts' */
/** @import { Metadata } from '../../../contract/metadata.ts' */
/** @typedef {{ subject: Subject, tag: string | null }} Seen a person, and the tag of that state; null: none was told */
/** @typedef {{ subject?: string, merge?: boolean, metadata?: Metadata }} Wish */

/**
 * @typedef {object} Options
 * @property {(collection: string, name: string, asking: { signal: AbortSignal }) => Promise<Seen>} readSubject
 * @property {(collection: string, name: string, wish: Wish, tag: string | null) => Promise<Seen>} changeSubject
 * @property {(collection: string, name: string, tag: string | null) => Promise<void>} deleteSubject
 * @property {(subject: Subject) => void} onShow it is shown so now
 * @property {() => void} onRead it was read again, so its faces may be others too
 * @property {(error: unknown, name: string) => void} onUnread it could not be read
 */

/** @param {Options} options */
export function createShownSubject({ readSubject, changeSubject, deleteSubject, onShow, onRead, onUnread }) {
  let collection = '';
  /** @type {Seen | null} */
  let seen = null;
  let reading = new AbortController();
  /** Whether the newest reading brought something. */
  let read = Promise.resolve(false);
  /** Own changes that were answered: what was asked before them is older than what is shown. */
  let answered = 0;

  /** @param {Seen} now */
  const show = (now) => {
    seen = now;
    onShow(now.subject);
  };
  /** @returns {Promise<boolean>} false: it could not be read, which is told, or another reading took its place */
  const readIt = async () => {
    if (seen === null) return false;
    const name = seen.subject.subject;
    const before = answered;
    reading.abort();
    const mine = new AbortController();
    reading = mine;
    try {
      const now = await readSubject(collection, name, { signal: mine.signal });
      if (mine.signal.aborted) return false;
      if (before === answered) show(now);
      onRead();
      return true;
    } catch (error) {
      if (isAbort(error) || mine.signal.aborted) return false;
      // It has another name by now, or is one with somebody.
      if (before !== answered) return true;
      onUnread(error, name);
      return false;
    }
  };
  const reload = () => {
    read = readIt();
    return read;
  };
  /** What is shown, once no reading is under way; null: it cannot be read, which is told, or nobody is shown any more. */
  const settled = async () => {
    let last;
    let isRead = false;
    do {
      last = read;
      isRead = await last;
    } while (last !== read);
    // One more try: who asks for something is not to get no answer.
    if (!isRead && seen !== null) isRead = await reload();
    return isRead ? seen : null;
  };
  /**
   * @template T
   * @param {Seen} from @param {() => Promise<T>} work
   * @throws {ChangedMeanwhile} @throws {MaybeDone}
   */
  const onlyAs = async (from, work) => {
    try {
      return await work();
    } catch (error) {
      if (isStale(error)) throw new ChangedMeanwhile(from.subject, error);
      throw isSureOf(error) ? error : new MaybeDone(from.subject, error);
    }
  };
  /**
   * @param {Seen} from the state that the wish is about
   * @param {Wish} wish
   * @returns {Promise<Subject | null>} as it is now; null: it is changed, and somebody else is shown by now
   * @throws {ChangedMeanwhile} @throws {MaybeDone}
   */
  const change = async (from, wish) => {
    const name = from.subject.subject;
    const now = await onlyAs(from, () => changeSubject(collection, name, wish, from.tag));
    if (seen?.subject.id !== from.subject.id) return null;
    answered += 1;
    show(now);
    return now.subject;
  };
  return {
    /** @param {string} from the collection @param {Subject} subject as a list tells it: without a tag */
    open(from, subject) {
      collection = from;
      show({ subject, tag: null });
      void reload();
    },
    close() {
      seen = null;
      reading.abort();
    },
    subject: () => seen?.subject ?? null,
    reload,
    settled,
    change,
    /** @param {Seen} from the state that somebody said yes to @throws {ChangedMeanwhile} @throws {MaybeDone} */
    remove: (from) => onlyAs(from, () => deleteSubject(collection, from.subject.subject, from.tag)),
    /**
     * Changes it where its name and its fields are still those that are shown; faces may have come and gone.
     * @param {Wish} wish
     * @returns {ReturnType<typeof change>}
     * @throws {ChangedMeanwhile} where they are others, or cannot be read
     * @throws {MaybeDone}
     */
    async changeAsShown(wish) {
      const shown = seen?.subject;
      if (shown === undefined) return null;
      /** @param {unknown} [cause] */
      const sameAsShown = async (cause) => {
        const now = await settled();
        if (now === null || !sameButFaces(shown, now.subject)) throw new ChangedMeanwhile(shown, cause);
        return now;
      };
      const from = await sameAsShown();
      try {
        return await change(from, wish);
      } catch (error) {
        if (!(error instanceof ChangedMeanwhile)) throw error;
        void reload();
        return await change(await sameAsShown(error), wish);
      }
    },
  };
}
