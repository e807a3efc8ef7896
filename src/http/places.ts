/** Places for clients that hold something of the server for as long as they like: so many in all, so many for one. */
import type { IncomingMessage } from 'node:http';
import { addressGroup } from '../auth/address.ts';
import { callerOf } from '../auth/caller.ts';
import { FacepoolError } from '../contract/errors.ts';

export type PlacesOptions = {
  readonly total: number;
  /** Of one key; of one address where no keys are asked for. */
  readonly each: number;
  /** What the clients do, for the refusal: `read events`. */
  readonly doing: string;
  readonly retryAfterS: number;
};

export class Places {
  readonly #options: PlacesOptions;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /**
   * @returns gives it back; idempotent
   * @throws FacepoolError `queue_full`
   */
  take(req: IncomingMessage): () => void {
    const { total, each, doing, retryAfterS } = this.#options;
    const who = whoAsks(req);
    const own = this.#taken.get(who) ?? 0;
    if (this.#total >= total) {
      const why = total === 1 ? `Only one client at a time may ${doing}.` : `${total} clients ${doing} already.`;
      throw new FacepoolError('queue_full', why, { retryAfterS });
    }
    if (own >= each) {
      throw new FacepoolError('queue_full', `${each} clients of this key or address ${doing} already.`, {
        retryAfterS,
      });
    }
    this.#total += 1;
    this.#taken.set(who, own + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#total -= 1;
      const left = (this.#taken.get(who) ?? 0) - 1;
      if (left > 0) this.#taken.set(who, left);
      else this.#taken.delete(who);
    };
  }
}

/** Counts work as a part of an answer. */
export type During = <T>(work: Promise<T>) => Promise<T>;

/**
 * Answers in a place. It is free again when the answer has ended and all work for it too, also such that nobody waits
 * for any more: a client that goes does not end a question.
 */
export async function inPlace<T>(
  places: Places,
  req: IncomingMessage,
  answer: (during: During) => Promise<T>,
): Promise<T> {
  const leave = places.take(req);
  let running = 1;
  const done = (): void => {
    running -= 1;
    if (running === 0) leave();
  };
  try {
    return await answer((work) => {
      running += 1;
      work.then(done, done);
      return work;
    });
  } finally {
    done();
  }
}

/** Who counts as one, as for rates. */
function whoAsks(req: IncomingMessage): string {
  const caller = callerOf(req);
  if (caller?.kind === 'key') return `key ${caller.id}`;
  return caller?.kind === 'socket' ? 'socket' : `address ${addressGroup(req.socket.remoteAddress ?? '')}`;
}
