/** Events as they happen, also across restarts of the server: what happened meanwhile is told when it is back. */
import type { Readable } from 'node:stream';
import { type StoredEvent, storedEventSchema } from '../contract/history.ts';
import { CliError } from './cli-error.ts';
import type { ClientRequest } from './client.ts';
import { EXIT } from './exit-codes.ts';
import { queryText, understood } from './observatory.ts';
import { sseMessages } from './sse.ts';

export type EventSource = { stream(request: ClientRequest): Promise<Readable> };

export type FollowOptions = {
  /** Comma list, as the API takes it; undefined: all. */
  readonly types: string | undefined;
  /** Id of the last event that was shown. */
  readonly lastId: string | undefined;
  readonly show: (event: StoredEvent) => void;
  /** Told, in words, that the server is away or back. */
  readonly tell: (text: string) => void;
  readonly wait: (ms: number) => Promise<unknown>;
};

const FIRST_WAIT_MS = 250;
const MOST_WAIT_MS = 10_000;
/** A server that is away for longer is not expected back. */
const MOST_AWAY_MS = 120_000;
/** It is full, or about to stop: both pass. */
const PASSING: ReadonlySet<string> = new Set(['queue_full', 'rate_limited', 'shutting_down']);

/**
 * Goes on until the server has been away for two minutes. The first connection has to work at once.
 * @throws CliError what ended it
 */
export async function followEvents(client: EventSource, options: FollowOptions): Promise<never> {
  const { types, tell } = options;
  const patience = new Patience(options.wait);
  let { lastId } = options;
  const open = () =>
    client.stream({ path: `/v1/events${queryText({ types, last_event_id: lastId })}`, accept: 'text/event-stream' });
  let stream = await open();
  for (;;) {
    try {
      for await (const { id, data } of sseMessages(stream)) {
        // One that cuts every connection has not come back.
        patience.restore();
        if (data !== undefined) options.show(understood(storedEventSchema, JSON.parse(data)));
        lastId = id ?? lastId;
      }
    } catch (error) {
      // Anything else is a stream that was cut: as good as one that ended.
      if (error instanceof CliError || error instanceof SyntaxError) throw error;
    }
    tell('the server went away; waiting for it to come back');
    stream = await patience.until(open);
    tell('the server is back');
  }
}

/** Waits longer each time, and not for ever. */
class Patience {
  readonly #wait: FollowOptions['wait'];
  #nextMs = FIRST_WAIT_MS;
  #waitedMs = 0;

  constructor(wait: FollowOptions['wait']) {
    this.#wait = wait;
  }

  restore(): void {
    this.#nextMs = FIRST_WAIT_MS;
    this.#waitedMs = 0;
  }

  /** Tries until it works. Throws what it threw last, or at once what waiting cannot change. */
  async until<T>(attempt: () => Promise<T>): Promise<T> {
    let last: unknown = new CliError(EXIT.failure, 'the server closes every connection at once');
    while (this.#waitedMs < MOST_AWAY_MS) {
      await this.#wait(this.#nextMs);
      this.#waitedMs += this.#nextMs;
      this.#nextMs = Math.min(MOST_WAIT_MS, this.#nextMs * 2);
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error)) throw error;
        last = error;
      }
    }
    throw last;
  }
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof CliError)) return false;
  // No server, or one that closed the connection before it answered.
  if (error.problem === undefined) return error.exitCode === EXIT.noServer || error.exitCode === EXIT.failure;
  return PASSING.has(error.problem.code);
}
