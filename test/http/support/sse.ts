/** A client of server-sent events. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

export type Sse = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Everything that came. */
  readonly text: () => string;
  /** Ids of the events that came, in order. */
  readonly ids: () => string[];
  /** Resolves when so many events came. */
  readonly events: (count: number) => Promise<void>;
  /** Resolves when `text` has this. */
  readonly shows: (part: string) => Promise<void>;
  /** Resolves when the server ended the stream (`end`) or cut it (`aborted`). */
  readonly over: Promise<'end' | 'aborted'>;
  readonly close: () => void;
};

export function openSse(url: string, headers: Record<string, string> = {}): Promise<Sse> {
  return new Promise((resolve, reject) => {
    const call: ClientRequest = request(url, { headers, agent: false }, (answer) => resolve(follow(call, answer)));
    call.once('error', reject);
    call.end();
  });
}

function follow(call: ClientRequest, answer: IncomingMessage): Sse {
  let text = '';
  const watchers = new Set<() => void>();
  const when = (done: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!done()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (const look of watchers) look();
  });
  // The cut of a stream is an error of both.
  call.on('error', () => undefined);
  const over = new Promise<'end' | 'aborted'>((resolve) => {
    answer.once('end', () => resolve('end'));
    answer.once('error', () => resolve('aborted'));
  });
  const ids = (): string[] => [...text.matchAll(/^id: (.*)\nevent:/gm)].map(([, id = '']) => id);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    text: () => text,
    ids,
    events: (count) => when(() => ids().length >= count),
    shows: (part) => when(() => text.includes(part)),
    over,
    close: () => call.destroy(),
  };
}
