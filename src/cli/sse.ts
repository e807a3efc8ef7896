/** Server-sent events, as `GET /v1/events` sends them. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/**
 * The data of each event as it comes; comments, ids and waits are left out. Ends with the stream.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* eventData(stream: Readable): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') {
      if (data.length > 0) yield data.join('\n');
      data = [];
    } else if (line.startsWith('data:')) data.push(line.slice('data:'.length).replace(/^ /, ''));
  }
}
