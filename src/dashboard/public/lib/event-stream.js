/** `GET /v1/events`, for as long as the page is looked at: comes back after every break where it was. */
import { call } from './api.js';
import { ApiError, isAbort } from './problem.js';
import { readMessages } from './sse.js';

/** @import { StoredEvent } from '../../../contract/history.ts' */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;

/**
 * @param {{ onEvent: (event: StoredEvent) => void, onConnection: (ok: boolean) => void }} handlers
 */
export function createEventStream({ onEvent, onConnection }) {
  /** @type {AbortController | null} */
  let running = null;
  let lastId = '';

  /** @param {AbortSignal} signal */
  const readOnce = async (signal) => {
    /** @type {Record<string, string>} */
    const headers = { accept: 'text/event-stream' };
    if (lastId !== '') headers['last-event-id'] = lastId;
    const response = await call('v1/events', { headers, signal });
    onConnection(true);
    if (response.body === null) return;
    await readMessages(
      response.body,
      ({ data }) => onEvent(JSON.parse(data)),
      (id) => {
        lastId = id;
      },
    );
  };
  /** @param {AbortSignal} signal */
  const run = async (signal) => {
    let wait = FIRST_WAIT_MS;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        await readOnce(signal);
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        // Without a key, or without this route, asking again changes nothing; a new key starts it again.
        if (error instanceof ApiError && [401, 403, 404].includes(error.status)) return;
      }
      if (signal.aborted) return;
      onConnection(false);
      wait = performance.now() - began > LONGEST_WAIT_MS ? FIRST_WAIT_MS : Math.min(LONGEST_WAIT_MS, wait * 1.6);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  };
  return {
    start() {
      if (running !== null) return;
      running = new AbortController();
      void run(running.signal);
    },
    stop() {
      running?.abort();
      running = null;
    },
  };
}
