/** Server-sent events, as `GET /v1/events` and `GET /v1/swaps/<id>` send them. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export type SseMessage = {
  /** Where a client that comes back goes on. */
  readonly id?: string;
  readonly event?: string;
  /** Absent where only a position is told. */
  readonly data?: string;
};

/**
 * Every message as it comes; comments and waits are left out. Ends with the stream.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* sseMessages(stream: Readable): AsyncGenerator<SseMessage> {
  let message: SseMessage = {};
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    const [, field, value = ''] = /^(id|event|data)(?:: ?(.*))?$/.exec(line) ?? [];
    if (line === '') {
      if (message.id !== undefined || message.data !== undefined) yield message;
      message = {};
    } else if (field === 'data') {
      message = { ...message, data: message.data === undefined ? value : `${message.data}\n${value}` };
    } else if (field !== undefined) message = { ...message, [field]: value };
  }
}
