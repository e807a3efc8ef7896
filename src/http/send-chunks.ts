/** Long answers in pieces, so that neither their making nor their sending holds up other requests. */
import type { ServerResponse } from 'node:http';
import type { HistoryAnswer } from '../contract/history.ts';

/** Pieces are gathered to about this many characters. */
const PIECE_CHARS = 64 * 1024;

/**
 * Writes all chunks and ends the answer; others get their turn between two pieces. Stops when the client is gone. What
 * the chunks throw is thrown: before anything was sent it can still become a problem document.
 */
export async function sendChunks(res: ServerResponse, chunks: Iterable<string> | AsyncIterable<string>): Promise<void> {
  let held = '';
  for await (const chunk of chunks) {
    held += chunk;
    if (held.length < PIECE_CHARS) continue;
    if (res.destroyed) return;
    const piece = held;
    held = '';
    if (res.write(piece)) await new Promise((resolve) => setImmediate(resolve));
    else await drained(res);
  }
  res.end(held);
}

/** Resolves when more may be written, or nobody reads any more. */
export function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    res.once('drain', done);
    res.once('close', done);
    if (res.destroyed) done();
  });
}

/** The answer as JSON, one series at a time: a week in one piece would hold the event loop for a tenth of a second. */
export function* historyJson(answer: HistoryAnswer): Generator<string> {
  const { t, devices, workers, events, ...head } = answer;
  yield `${JSON.stringify(head).slice(0, -1)},"t":${JSON.stringify(t)},"devices":[`;
  yield* seriesJson(devices);
  yield '],"workers":[';
  yield* seriesJson(workers);
  yield `],"events":${JSON.stringify(events)}}`;
}

type Series = { readonly columns: Readonly<Record<string, readonly (number | null)[]>> };

function* seriesJson(all: readonly Series[]): Generator<string> {
  for (const [i, { columns, ...head }] of all.entries()) {
    yield `${i === 0 ? '' : ','}${JSON.stringify(head).slice(0, -1)},"columns":{`;
    for (const [j, [name, values]] of Object.entries(columns).entries()) {
      yield `${j === 0 ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(values)}`;
    }
    yield '}}';
  }
}
