/** Pictures on their way into a collection: two at a time, stopped and gone on with, each with how it ended. */
import { ApiError, isAbort } from '../lib/problem.js';
import { isRefusal, warningsOf } from './enrol-words.js';

/** @import { EnrolAnswer } from '../../../contract/people.ts' */
/** @typedef {'waiting' | 'sending' | 'enrolled' | 'known' | 'refused' | 'failed'} ItemState known: enrolled before */
/**
 * @typedef {object} Item
 * @property {string} collection
 * @property {string} subject
 * @property {File} file
 * @property {Record<string, string>} options
 * @property {ItemState} state
 * @property {number} sent 0–1 of its bytes
 * @property {EnrolAnswer | null} answer
 * @property {unknown} error
 */
/** @typedef {(item: Item, options: { signal: AbortSignal, onSent: (sent: number, total: number) => void }) => Promise<EnrolAnswer>} Enrol */

/** The server is busy for a moment: the same picture is sent again after it. */
const BUSY = new Set(['queue_full', 'rate_limited', 'model_loading']);
const MOST_TRIES = 8;
const LONGEST_WAIT_S = 30;
/** No picture would fare better: all wait until somebody has seen to it. */
const HALTING = new Set([
  'unreachable',
  'unauthorized',
  'forbidden',
  'people_unavailable',
  'storage_full',
  'shutting_down',
  'space_mismatch',
  'model_missing',
  'model_stopped',
  'memory_exhausted',
  'not_found',
  ...BUSY,
]);

/**
 * @param {{
 *   enrol: Enrol,
 *   onChange: (item: Item | null) => void,
 *   wait?: (ms: number, signal: AbortSignal) => Promise<void>,
 *   atOnce?: number,
 * }} options onChange: the item that is another now; null: the queue as a whole
 */
export function createQueue({ enrol, onChange, wait = pause, atOnce = 2 }) {
  /** @type {Item[]} */
  const items = [];
  let running = 0;
  let ended = 0;
  let round = new AbortController();
  /** Why it stands still: an error, or that somebody stopped it. @type {{ error: unknown } | null} */
  let halt = null;

  /** @param {Item} item @param {Partial<Item>} change */
  const set = (item, change) => {
    Object.assign(item, change);
    if (change.state !== undefined && change.state !== 'waiting' && change.state !== 'sending') ended += 1;
    onChange(item);
  };
  const pump = () => {
    while (halt === null && running < atOnce) {
      const next = items.find(({ state }) => state === 'waiting');
      if (next === undefined) break;
      running += 1;
      void one(next, round.signal).finally(() => {
        running -= 1;
        pump();
        onChange(null);
      });
    }
  };
  /** @param {Item} item @param {AbortSignal} signal */
  const one = async (item, signal) => {
    for (let tries = 1; ; tries++) {
      set(item, { state: 'sending', sent: 0, error: null });
      try {
        const onSent = (/** @type {number} */ sent, /** @type {number} */ total) =>
          set(item, { sent: total === 0 ? 1 : sent / total });
        const answer = await enrol(item, { signal, onSent });
        return set(item, { state: answer.created ? 'enrolled' : 'known', answer });
      } catch (error) {
        // Where it had arrived all the same, sending it again finds it enrolled already.
        if (isAbort(error) || signal.aborted) return set(item, { state: 'waiting', sent: 0 });
        const code = error instanceof ApiError ? error.code : '';
        if (BUSY.has(code) && tries < MOST_TRIES) {
          await wait(1000 * Math.min(LONGEST_WAIT_S, waitOf(error)), signal);
          if (signal.aborted) return set(item, { state: 'waiting', sent: 0 });
          continue;
        }
        if (!HALTING.has(code)) return set(item, { state: isRefusal(error) ? 'refused' : 'failed', error });
        set(item, { state: 'waiting', sent: 0 });
        return stop(error);
      }
    }
  };
  /** @param {unknown} error null: by hand */
  const stop = (error) => {
    halt ??= { error };
    round.abort();
    round = new AbortController();
    onChange(null);
  };

  return {
    items: () => /** @type {readonly Item[]} */ (items),
    /** @param {readonly Pick<Item, 'collection' | 'subject' | 'file'>[]} wishes */
    add(wishes) {
      for (const wish of wishes)
        items.push({ options: {}, state: 'waiting', sent: 0, answer: null, error: null, ...wish });
      // Who adds something wants it to go on.
      halt = null;
      pump();
      onChange(null);
    },
    /** @param {Item} item that ended badly. @param {Record<string, string>} options */
    again(item, options) {
      set(item, { state: 'waiting', sent: 0, error: null, options: { ...item.options, ...options } });
      halt = null;
      pump();
      onChange(null);
    },
    stop: () => stop(null),
    goOn() {
      halt = null;
      pump();
      onChange(null);
    },
    /** Forgets what waits; what is being sent is sent. */
    dropWaiting() {
      keep(({ state }) => state !== 'waiting');
    },
    /** Forgets what is over. */
    clear() {
      keep(({ state }) => state === 'waiting' || state === 'sending');
    },
    /** How many pictures came to an end since the beginning, each as often as it did. */
    ended: () => ended,
    halted: () => halt,
    isBusy: () => running > 0 || (halt === null && items.some(({ state }) => state === 'waiting')),
  };

  /** @param {(item: Item) => boolean} isKept */
  function keep(isKept) {
    const kept = items.filter(isKept);
    items.splice(0, items.length, ...kept);
    onChange(null);
  }
}

/** @param {unknown} error seconds */
function waitOf(error) {
  return error instanceof ApiError ? (error.retryAfterS ?? 1) : 1;
}

/** @param {number} ms @param {AbortSignal} signal ends it early */
function pause(ms, signal) {
  return new Promise((/** @type {(nothing: void) => void} */ resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * @param {readonly Item[]} items
 * @returns {Record<ItemState | 'warned', number>}
 */
export function countStates(items) {
  const counts = { waiting: 0, sending: 0, enrolled: 0, known: 0, refused: 0, failed: 0, warned: 0 };
  for (const item of items) {
    counts[item.state] += 1;
    if (warningsOf(item).length > 0) counts.warned += 1;
  }
  return counts;
}
