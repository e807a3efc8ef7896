/** Long answers in pieces, so that neither their making nor their sending holds up other requests. */
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { HistoryAnswer, StoredEvent } from '../contract/history.ts';
import type { Clock } from '../util/clock.ts';

/** What is written at once: more is gathered or cut to it. */
const PIECE_BYTES = 64 * 1024;
/** A client that takes no piece for so long is cut off: everything behind the answer waits in memory. */
export const MAX_SILENT_MS = 20_000;

/**
 * Writes all chunks and ends the answer; others get their turn between two pieces. Resolves when all of it has left, or
 * the client is gone or cut off. What the chunks throw is thrown: before anything was sent it can still become a problem
 * document.
 */
export async function sendChunks(
  res: ServerResponse,
  clock: Pick<Clock, 'after'>,
  chunks: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  let held = '';
  for await (const chunk of chunks) {
    held += chunk;
    if (held.length < PIECE_BYTES) continue;
    const bytes = Buffer.from(held);
    held = '';
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      if (res.destroyed) return;
      if (res.write(bytes.subarray(at, at + PIECE_BYTES))) await setImmediate();
      else await taken(res, 'drain', clock);
    }
  }
  if (res.destroyed) return;
  const left = taken(res, 'finish', clock);
  res.end(held);
  await left;
}

/**
 * The same for bytes, as they come. Resolves to false where the client is gone or was cut off before all of it had left.
 */
export async function sendBytes(
  res: ServerResponse,
  clock: Pick<Clock, 'after'>,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<boolean> {
  for await (const chunk of chunks) {
    if (res.destroyed) return false;
    if (!res.write(chunk)) await taken(res, 'drain', clock);
  }
  if (res.destroyed) return false;
  const left = taken(res, 'finish', clock);
  res.end();
  await left;
  return res.writableFinished;
}

/** Large bytes that lie in memory, in pieces that {@link sendBytes} waits for. */
export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

/** Resolves with the event, or when nobody reads any more: for that it waits {@link MAX_SILENT_MS}. */
function taken(res: ServerResponse, event: 'drain' | 'finish', clock: Pick<Clock, 'after'>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      res.off(event, done);
      res.off('close', done);
      resolve();
    };
    const cancel = clock.after(MAX_SILENT_MS, () => {
      // Of its request: behind another answer it has no connection of its own yet.
      res.req.socket.destroy();
      done();
    });
    res.once(event, done);
    res.once('close', done);
    if (res.destroyed) done();
  });
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

/** As {@link historyJson}, one event at a time. */
export function* eventsJson(events: readonly StoredEvent[]): Generator<string> {
  yield '{"events":[';
  for (const [i, event] of events.entries()) yield `${i === 0 ? '' : ','}${JSON.stringify(event)}`;
  yield ']}';
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
