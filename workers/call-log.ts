/**
 * What a child logs of its calls, each with the HTTP request it is for: failures that are not the client's, and runs that
 * take long; everything at level debug. Nothing of what goes in or comes out.
 */
import { FacepoolError } from '../src/contract/errors.ts';
import type { CallId } from '../src/contract/protocol.ts';
import type { Log } from './log.ts';

/** A run that is worth a line: many times what the slowest model takes. */
export const SLOW_MS = 1000;

type OpenCall = {
  readonly call: string;
  readonly requestId: string | undefined;
  readonly arrivedAt: number;
  begunAt: number | null;
  abandoned: boolean;
};

export class CallLog {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #calls = new Map<CallId, OpenCall>();

  /** @param now milliseconds from any fixed point */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** Calls that are not over. */
  get open(): number {
    return this.#calls.size;
  }

  arrived(id: CallId, call: string, requestId: string | undefined): void {
    this.#calls.set(id, { call, requestId, arrivedAt: this.#now(), begunAt: null, abandoned: false });
  }

  begun(id: CallId): void {
    const open = this.#calls.get(id);
    if (open !== undefined) open.begunAt = this.#now();
  }

  /** Nobody waits for it any more. What has begun is answered all the same. */
  abandoned(id: CallId): void {
    const open = this.#calls.get(id);
    if (open === undefined) return;
    open.abandoned = true;
    if (open.begunAt !== null) return;
    this.#calls.delete(id);
    this.#log('debug', this.#fields(open), 'call abandoned');
  }

  answered(id: CallId): void {
    const open = this.#take(id);
    if (open === undefined) return;
    const fields = this.#fields(open);
    // Loading takes what it takes.
    const isSlow = open.requestId !== undefined && (fields.run_ms ?? 0) >= SLOW_MS;
    this.#log(isSlow ? 'warn' : 'debug', fields, isSlow ? 'slow call' : 'call');
  }

  failed(id: CallId, error: unknown): void {
    const open = this.#take(id);
    if (open === undefined) return;
    const isOurs = !(error instanceof FacepoolError) || error.status >= 500;
    this.#log(isOurs && !open.abandoned ? 'warn' : 'debug', { ...this.#fields(open), err: error }, 'call failed');
  }

  /** The process ends because of it. */
  fatal(id: CallId, error: unknown): void {
    const open = this.#take(id);
    this.#log('error', { ...(open === undefined ? {} : this.#fields(open)), err: error }, 'call ends the process');
  }

  #take(id: CallId): OpenCall | undefined {
    const open = this.#calls.get(id);
    this.#calls.delete(id);
    return open;
  }

  #fields({ call, requestId, arrivedAt, begunAt }: OpenCall) {
    const now = this.#now();
    return {
      request_id: requestId,
      call,
      wait_ms: round((begunAt ?? now) - arrivedAt),
      ...(begunAt === null ? {} : { run_ms: round(now - begunAt) }),
    };
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
