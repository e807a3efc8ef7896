/** One client of server-sent events, as they happen, who may read slowly or not at all. */
import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { Clock } from '../util/clock.ts';
import { drained } from './send-chunks.ts';

export const HEARTBEAT_MS = 15_000;
/** How long clients wait before they connect again. */
const RETRY_MS = 2_000;
/** A client that leaves so much unread is cut off: it can come back with Last-Event-ID. */
export const MAX_UNREAD_BYTES = 256 * 1024;
/** Events that may happen while the missed ones are sent. */
export const MAX_WAITING = 1000;

/** `data` is sent as JSON. */
export type SentEvent = { readonly id: string; readonly type: string; readonly data: unknown };

export type EventStreamOptions = {
  readonly clock: Pick<Clock, 'after'>;
  /** Told once, when the client is cut off because it does not read. */
  readonly onSlow: () => void;
  /** Asked at every heartbeat; false: the stream ends. */
  readonly mayStay?: (() => boolean) | undefined;
};

export class EventStream {
  readonly #res: ServerResponse;
  readonly #options: EventStreamOptions;
  /** Events since the stream was made; null once everything that was missed is sent. */
  #waiting: SentEvent[] | null = [];
  /** The last heartbeat found it unable to take more. */
  #wasBlocked = false;
  #stopHeartbeat = (): void => {};
  #isOver = false;

  constructor(res: ServerResponse, options: EventStreamOptions) {
    this.#res = res;
    this.#options = options;
    res.on('drain', () => {
      this.#wasBlocked = false;
    });
  }

  /** An event of now. It waits until {@link open} has sent what was before it. */
  live(event: SentEvent): void {
    if (this.#isOver) return;
    if (this.#waiting === null) {
      this.#write(eventText(event));
      if (this.#res.writableLength > MAX_UNREAD_BYTES) this.#cut();
    } else if (this.#waiting.push(event) > MAX_WAITING) {
      this.#cut();
    }
  }

  /**
   * Sends the head and what was missed, then everything that happened since the stream was made; nothing twice.
   * @param position id from which a client that has seen no event yet may resume; null for none
   */
  async open(missed: readonly SentEvent[], position: string | null): Promise<void> {
    this.#res.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    this.#res.setHeader('Cache-Control', 'no-store, no-transform');
    // nginx would hold the events back.
    this.#res.setHeader('X-Accel-Buffering', 'no');
    this.#res.flushHeaders();
    this.#res.emit('streaming');
    this.#stopHeartbeat = this.#options.clock.after(HEARTBEAT_MS, () => this.#beat());
    this.#write(`retry: ${RETRY_MS}\n${position === null ? '' : `id: ${position}\n`}\n`);
    const sent = new Set<string>();
    for (const event of missed) {
      if (this.#isOver) return;
      sent.add(event.id);
      if (!this.#write(eventText(event))) await drained(this.#res);
    }
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const event of waiting) if (!sent.has(event.id)) this.live(event);
  }

  /** Idempotent. Ends the answer in order, unless the client is gone already. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopHeartbeat();
    if (this.#res.headersSent) this.#res.end();
  }

  #beat(): void {
    if (this.#options.mayStay?.() === false) {
      const isUnread = this.#res.writableLength > 0;
      this.end();
      // Its end would wait for a client that does not read.
      if (isUnread) this.#res.destroy();
      return;
    }
    this.#stopHeartbeat = this.#options.clock.after(HEARTBEAT_MS, () => this.#beat());
    if (!this.#res.writableNeedDrain) this.#write(': still here\n\n');
    else if (this.#wasBlocked) this.#cut();
    else this.#wasBlocked = true;
  }

  #write(text: string): boolean {
    return this.#isOver || this.#res.write(text);
  }

  #cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopHeartbeat();
    this.#options.onSlow();
    this.#res.destroy();
  }
}

/** Of a route that also answers JSON, which is what those get who say nothing. */
export function wantsEvents(req: Request): boolean {
  return req.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
}

function eventText({ id, type, data }: SentEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
