/** Asking again where the server has too much to do, or is away for a moment. */
import { CliError } from './cli-error.ts';
import { AwayError } from './client.ts';

export type InsistOptions = {
  /** Rejects where the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly signal: AbortSignal;
  /** Told, in words, what is waited for. */
  readonly tell: (text: string) => void;
};

const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 10_000;
/** Of one request together. What is away for longer is not expected back. */
const MOST_WAITED_MS = 120_000;

/** What waiting did not help against: `cause` is what the server said last. */
export class GaveUp extends CliError {
  constructor(last: CliError, waitedMs: number) {
    super(last.exitCode, `${last.message} (waited for ${Math.round(waitedMs / 1000)} s)`, {
      cause: last,
      problem: last.problem,
    });
    this.name = 'GaveUp';
  }
}

/**
 * Tries until it works, as long as the server says 429 or 503, or is away; waits as long as it says, two minutes in all.
 * @throws GaveUp after that, and at once what waiting cannot change
 */
export async function insist<T>(attempt: () => Promise<T>, options: InsistOptions): Promise<T> {
  let waitedMs = 0;
  let nextMs = FIRST_WAIT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (options.signal.aborted || !isPassing(error)) throw error;
      const ms = error.retryAfterS === undefined ? nextMs : Math.max(error.retryAfterS * 1000, FIRST_WAIT_MS);
      if (waitedMs + ms > MOST_WAITED_MS) throw new GaveUp(error, waitedMs);
      options.tell(`${error.message}; trying again in ${Math.ceil(ms / 1000)} s`);
      await options.wait(ms, options.signal);
      waitedMs += ms;
      nextMs = Math.min(MOST_WAIT_MS, nextMs * 2);
    }
  }
}

function isPassing(error: unknown): error is CliError {
  // An enrolment that is sent again is not made twice.
  if (error instanceof AwayError) return true;
  return error instanceof CliError && (error.problem?.status === 429 || error.problem?.status === 503);
}
