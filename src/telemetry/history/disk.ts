/**
 * The way to the disk: batches once a second, kept and repeated while the disk fails, and questions. Nothing here waits
 * for the disk on behalf of a caller that adds something.
 */
import { FacepoolError } from '../../contract/errors.ts';
import { storedEventSchema } from '../../contract/history.ts';
import type { EventQuery, StoredEvent } from '../../contract/history.ts';
import type { Clock } from '../../util/clock.ts';
import type { Fault } from './faults.ts';
import { LastingTime } from './lasting-time.ts';
import type { SeriesPart } from './ring.ts';
import type { Runner } from './runner.ts';
import type { Sample } from './sample.ts';
import type { StoreConfig, StoreState } from './store.ts';
import type { PartsQuery } from './store-query.ts';
import type { Outcome, TaskName, Tasks } from './thread.ts';

/** A server that starts is not held up by a thread that starts. */
const FIRST_WRITE_MS = 3000;
const BETWEEN_WRITES_MS = 1000;
/** Waits after failures in a row; the last one repeats. */
const RETRY_MS = [2000, 5000, 10_000, 30_000, 60_000] as const;
/** Before it counts as working again: a disk that is nearly full takes a small write now and then. */
const GOOD_WRITES = 3;
const GOOD_MS = 30_000;
/** A task that takes longer: the disk hangs. */
const STUCK_MS = 15_000;
const CLOSE_MS = 2000;
/** Kept for a disk that fails; older ones are lost. */
const MOST_SAMPLES = 600;
const MOST_EVENTS = 2000;
const MOST_QUESTIONS = 8;
const WORKS_AGAIN = 'the history is written to disk again';

export type DiskDeps = {
  readonly config: StoreConfig;
  readonly clock: Clock;
  readonly runner: Runner;
  /** It began to fail, or works again. Called once for each. */
  readonly onChange: (ok: boolean, detail: string) => void;
  /** After a write. */
  readonly onWritten: (state: StoreState) => void;
};

export class Disk {
  readonly #deps: DiskDeps;
  readonly #lasting: LastingTime;
  #samples: Sample[] = [];
  #events: StoredEvent[] = [];
  /** On the clock. */
  #nextAt: number;
  #cancelTimer: (() => void) | null = null;
  #writing: Promise<void> | null = null;
  /** The last task that was begun or waits. */
  #last: Promise<unknown> = Promise.resolve();
  /** Those who wait for an answer: each is called when the disk hangs. */
  readonly #questions = new Set<() => void>();
  #failures = 0;
  #fault: Fault | null = null;
  /** Writes that succeeded since the last failure, while there is a fault, and when the first of them did. */
  #good = { writes: 0, since: 0 };
  #used = false;
  #closed = false;

  constructor(deps: DiskDeps) {
    this.#deps = deps;
    this.#lasting = new LastingTime(deps.clock);
    this.#nextAt = deps.clock.now() + FIRST_WRITE_MS;
  }

  /** Null while it works; kept until it has worked for a while. */
  get fault(): Fault | null {
    return this.#fault;
  }

  addSample(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift();
    this.#schedule();
  }

  addEvent(event: StoredEvent): void {
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.shift();
    this.#schedule();
  }

  /** Null where the disk cannot say. Throws `queue_full` when too many ask at the same time. */
  async parts(query: PartsQuery): Promise<readonly SeriesPart[] | null> {
    return this.#ask('parts', query);
  }

  async events(query: EventQuery): Promise<readonly StoredEvent[] | null> {
    const rows = await this.#ask('events', query);
    // One that cannot be read is left out.
    return rows?.flatMap((row) => storedEventSchema.safeParse(row).data ?? []) ?? null;
  }

  /** Writes what waits, for a short time, and ends the thread. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    if (this.#canWrite()) await this.#within(CLOSE_MS, this.#writeAll());
    if (!this.#used) return;
    await this.#within(CLOSE_MS, this.#run('close', null));
    await this.#within(CLOSE_MS, this.#deps.runner.stop());
  }

  async #ask<K extends 'parts' | 'events'>(name: K, task: Tasks[K]['task']): Promise<Tasks[K]['answer'] | null> {
    // A disk that is full can still be read; one that hangs is not asked.
    if (this.#closed || this.#isStuck()) return null;
    if (this.#questions.size >= MOST_QUESTIONS) {
      throw new FacepoolError('queue_full', 'the history is asked too much at the same time', { retryAfterS: 1 });
    }
    const { promise: hung, resolve } = Promise.withResolvers<null>();
    const giveUp = (): void => resolve(null);
    this.#questions.add(giveUp);
    try {
      return await Promise.race([this.#answer(name, task), hung]);
    } finally {
      this.#questions.delete(giveUp);
    }
  }

  async #answer<K extends 'parts' | 'events'>(name: K, task: Tasks[K]['task']): Promise<Tasks[K]['answer'] | null> {
    // So that the answer has everything.
    if (this.#canWrite()) await this.#writeAll();
    const outcome = await this.#run(name, task);
    if (!outcome.ok) {
      this.#onFault(outcome.fault);
      return null;
    }
    this.#onNotice(outcome.notice);
    return outcome.value;
  }

  #isStuck(): boolean {
    return this.#fault?.kind === 'thread' && this.#good.writes === 0;
  }

  /** The last write succeeded, or was never tried. */
  #canWrite(): boolean {
    return this.#fault === null || this.#good.writes > 0;
  }

  #schedule(): void {
    if (this.#closed || this.#writing !== null || this.#cancelTimer !== null) return;
    const { clock } = this.#deps;
    const wait = this.#nextAt - clock.now();
    if (wait <= 0) {
      void this.#write();
      return;
    }
    this.#cancelTimer = clock.after(wait, () => {
      this.#cancelTimer = null;
      void this.#write();
    });
  }

  /** Until nothing waits, or the disk fails. */
  async #writeAll(): Promise<void> {
    await this.#writing;
    if (this.#canWrite() && this.#samples.length + this.#events.length > 0) await this.#write();
  }

  #write(): Promise<void> {
    if (this.#writing === null && this.#samples.length + this.#events.length === 0) return Promise.resolve();
    this.#writing ??= this.#writeBatch().finally(() => {
      this.#writing = null;
      if (this.#samples.length + this.#events.length > 0) this.#schedule();
    });
    return this.#writing;
  }

  async #writeBatch(): Promise<void> {
    const { clock, onWritten } = this.#deps;
    const samples = this.#samples;
    const events = this.#events;
    this.#samples = [];
    this.#events = [];
    const outcome = await this.#run('write', { samples, events, now: this.#lasting.look() });
    if (outcome.ok) {
      this.#nextAt = clock.now() + BETWEEN_WRITES_MS;
      this.#onNotice(outcome.notice);
      this.#onGoodWrite();
      onWritten(outcome.value);
      return;
    }
    this.#samples = [...samples, ...this.#samples].slice(-MOST_SAMPLES);
    this.#events = [...events, ...this.#events].slice(-MOST_EVENTS);
    this.#onFault(outcome.fault);
    this.#nextAt = clock.now() + (RETRY_MS[this.#failures] ?? RETRY_MS[RETRY_MS.length - 1] ?? 0);
    this.#failures += 1;
  }

  /** One task after the other, so that each has its time from when it really begins. */
  #run<K extends TaskName>(name: K, task: Tasks[K]['task']): Promise<Outcome<Tasks[K]['answer']>> {
    this.#used = true;
    const { runner, config, clock } = this.#deps;
    const result = this.#last.then(async () => {
      const cancel = clock.after(STUCK_MS, () => this.#onFault(stuck()));
      const outcome = await runner.run(name, { config, task });
      cancel();
      return outcome;
    });
    this.#last = result;
    return result;
  }

  /** The answer, or null after so long. */
  async #within<T>(ms: number, work: Promise<T>): Promise<T | null> {
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const cancel = this.#deps.clock.after(ms, () => resolve(null));
    try {
      return await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }

  #onFault(fault: Fault): void {
    const isNews = this.#fault === null;
    this.#fault = fault;
    this.#good = { writes: 0, since: 0 };
    if (fault.kind === 'thread') for (const giveUp of this.#questions) giveUp();
    if (isNews) this.#deps.onChange(false, `${fault.detail}; the history is kept in memory only`);
  }

  /** Until it is trusted again, the next failure is no news, and the waits go on where they were. */
  #onGoodWrite(): void {
    if (this.#fault !== null) {
      const now = this.#deps.clock.now();
      const { writes, since } = this.#good;
      this.#good = { writes: writes + 1, since: writes === 0 ? now : since };
      if (this.#good.writes < GOOD_WRITES || now - this.#good.since < GOOD_MS) return;
      this.#onRecovered();
    }
    this.#failures = 0;
  }

  #onRecovered(): void {
    this.#fault = null;
    this.#good = { writes: 0, since: 0 };
    this.#deps.onChange(true, WORKS_AGAIN);
  }

  /** It was given up and begun anew, all within one task. */
  #onNotice(notice: string | null): void {
    if (notice === null) return;
    this.#deps.onChange(false, notice);
    if (this.#fault === null) this.#deps.onChange(true, WORKS_AGAIN);
  }
}

function stuck(): Fault {
  return { kind: 'thread', detail: 'the disk does not answer' };
}
