/**
 * The order of work in the store's thread. In each turn: all changes that wait, as one group; then short reads; then one
 * piece of one long read. So changes that come while a group is synced go together into the next, and no read holds
 * them up for longer than a piece.
 */
import type { FacepoolError } from '../../contract/errors.ts';
import { backupTo } from './backup.ts';
import { Unfinished } from './context.ts';
import type { Change, Engine, Outcome } from './engine.ts';
import { toFault, unavailable, withdrawn } from './faults.ts';
import type { AloneName, Call, ReadName, Request, ToThread, WriteName } from './messages.ts';
import { ERASING, isRead, isWrite, READS, RESUMED, SMALL, STRICT_READS, WRITES } from './operations.ts';

/** Changes in one transaction, at most. */
const MOST_CHANGES = 256;
/** Short reads in one turn, at most. */
const READ_MS = 10;

type Reply = (id: number, outcome: Outcome) => void;
type Waiting = Change & {
  readonly id: number;
  /** A part of it is on the disk. */
  readonly isBegun: boolean;
  /** What is left of it is found again after an opening. */
  readonly isResumed: boolean;
};
type LongRead = {
  readonly request: Request<ReadName>;
  readonly steps: Generator<void, unknown>;
  readonly rewrites: number;
};

export type TurnsOptions = {
  readonly engine: Engine;
  readonly reply: Reply;
  /** The first transaction of several is on the disk. */
  readonly durable: (id: number) => void;
  /** Calls back when messages that are there have been taken. */
  readonly schedule: (turn: () => void) => void;
  /** Milliseconds of any clock. */
  readonly now: () => number;
};

function isWriteRequest(request: Request): request is Request<WriteName> {
  return isWrite(request.op);
}
function isReadRequest(request: Request): request is Request<ReadName> {
  return isRead(request.op);
}
function isAlone(request: Request): request is Request<AloneName> {
  return request.op === 'open' || request.op === 'close' || request.op === 'replace';
}
function isSteps(value: unknown): value is Generator<void, unknown> {
  return typeof value === 'object' && value !== null && 'next' in value && 'throw' in value;
}

function change<K extends WriteName>({ op, args }: Call<K>): Change['make'] {
  return (context) => WRITES[op](context, args);
}

export class Turns {
  readonly #options: TurnsOptions;
  /** In the order in which they came. */
  #queue: Request[] = [];
  #changes: Waiting[] = [];
  #reads: Request<ReadName>[] = [];
  #long: LongRead[] = [];
  /** Those that run; true: to be broken off. */
  readonly #backups = new Map<number, boolean>();
  #isScheduled = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  take(message: ToThread): void {
    if (message.op === 'cancel') {
      if (this.#backups.has(message.id)) this.#backups.set(message.id, true);
      else this.#withdraw(message.id);
      return;
    }
    this.#queue.push(message);
    this.#schedule();
  }

  /** A change that is not begun. Any other goes on. */
  #withdraw(id: number): void {
    const isMeant = (one: Request | Waiting): boolean =>
      one.id === id && ('op' in one ? isWriteRequest(one) : !one.isBegun);
    if (![...this.#queue, ...this.#changes].some(isMeant)) return;
    this.#queue = this.#queue.filter((one) => !isMeant(one));
    this.#changes = this.#changes.filter((one) => !isMeant(one));
    this.#options.reply(id, { ok: false, error: withdrawn() });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.schedule(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    this.#sort();
    this.#commit();
    this.#readShort();
    this.#readLong();
    const isIdle = this.#changes.length + this.#reads.length + this.#long.length + this.#backups.size === 0;
    const next = this.#queue[0];
    if (next !== undefined && isAlone(next) && isIdle) {
      this.#queue.shift();
      this.#runAlone(next);
    }
    const isWaiting = this.#changes.length + this.#reads.length + this.#long.length > 0;
    const first = this.#queue[0];
    // What has to be alone waits for backups, whose end makes a turn.
    if (isWaiting || (first !== undefined && !(isAlone(first) && this.#backups.size > 0))) this.#schedule();
  }

  /** Requests up to the next that has to be alone. */
  #sort(): void {
    for (let next = this.#queue[0]; next !== undefined && !isAlone(next); next = this.#queue[0]) {
      this.#queue.shift();
      if (isWriteRequest(next)) {
        const replaces = next.op === 'addVectors';
        const [erases, isSmall, isResumed] = [ERASING.has(next.op), SMALL.has(next.op), RESUMED.has(next.op)];
        this.#changes.push({
          id: next.id,
          now: next.now,
          isBegun: false,
          isResumed,
          erases,
          isSmall,
          replaces,
          make: change(next),
        });
      } else if (isReadRequest(next)) this.#reads.push(next);
      else if (next.op === 'backup') void this.#backup(next);
    }
  }

  #commit(): void {
    if (this.#changes.length === 0) return;
    const group = this.#changes.slice(0, MOST_CHANGES);
    const later = this.#changes.slice(MOST_CHANGES);
    const outcomes = this.#options.engine.commit(group);
    const unfinished: Waiting[] = [];
    // Who ends the server, or reads everything anew, does not wait for minutes.
    const isEnding = this.#queue.some(({ op }) => op === 'close');
    const isAwaited = this.#queue.some((request) => isAlone(request));
    group.forEach((waiting, i) => {
      const outcome = outcomes[i];
      if (outcome === undefined) return;
      const rest = outcome.ok ? outcome.value : null;
      const made = outcome.ok ? outcome.value : outcome.committed;
      // Also where it fails after that: it is gone on with later.
      if (made instanceof Unfinished && !waiting.isBegun) this.#options.durable(waiting.id);
      if (rest instanceof Unfinished && (isEnding || (isAwaited && waiting.isResumed))) {
        const error = unavailable('people are closed, or opened again; what is left of it goes afterwards');
        this.#options.reply(waiting.id, { ok: false, error });
      } else if (rest instanceof Unfinished) {
        unfinished.push({ ...waiting, isBegun: true, make: (context) => rest.go(context) });
      } else this.#options.reply(waiting.id, outcome);
    });
    this.#changes = [...later, ...unfinished];
  }

  #attempt(id: number, work: () => unknown): void {
    try {
      this.#options.reply(id, { ok: true, value: work() });
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #fail(id: number, error: unknown): void {
    this.#options.engine.noteFailure(error);
    const fault: FacepoolError = toFault(error);
    this.#options.reply(id, { ok: false, error: fault });
  }

  #begin<K extends ReadName>({ op, args }: Call<K>, now: number): unknown {
    return READS[op](this.#options.engine.context(now), args);
  }

  #readShort(): void {
    const { engine, now } = this.#options;
    const end = now() + READ_MS;
    while (this.#reads.length > 0 && now() < end) {
      const request = this.#reads.shift();
      if (request === undefined) return;
      try {
        const value = this.#begin(request, request.now);
        if (isSteps(value)) this.#long.push({ request, steps: value, rewrites: engine.rewrites });
        else this.#options.reply(request.id, { ok: true, value });
      } catch (error) {
        this.#fail(request.id, error);
      }
    }
  }

  /** One piece of the first, which then stands last. */
  #readLong(): void {
    const read = this.#long.shift();
    if (read === undefined) return;
    const { engine, reply } = this.#options;
    const { request, steps, rewrites } = read;
    try {
      // The connection may be another one meanwhile.
      engine.database();
      const { done, value } = steps.next();
      if (!done) this.#long.push(read);
      else if (STRICT_READS.has(request.op) && rewrites !== engine.rewrites) {
        reply(request.id, { ok: true, value: this.#inOneGo(request) });
      } else reply(request.id, { ok: true, value });
    } catch (error) {
      this.#fail(request.id, error);
    }
  }

  #inOneGo(request: Request<ReadName>): unknown {
    const steps = this.#begin(request, request.now);
    if (!isSteps(steps)) return steps;
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  }

  #runAlone(request: Request<AloneName>): void {
    const { engine } = this.#options;
    this.#attempt(request.id, () => {
      if (request.op === 'replace') return engine.replace(request.args[0]);
      return request.op === 'open' ? engine.open() : engine.close();
    });
  }

  async #backup({ id, args }: Request<'backup'>): Promise<void> {
    this.#backups.set(id, false);
    try {
      await backupTo(this.#options.engine.database(), args[0], () => this.#backups.get(id) === true);
      this.#options.reply(id, { ok: true, value: undefined });
    } catch (error) {
      this.#fail(id, error);
    }
    this.#backups.delete(id);
    this.#schedule();
  }
}
