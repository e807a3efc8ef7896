/** A swap with every step as it comes. */
import { call } from '../lib/api.js';
import { readMessages } from '../lib/sse.js';

/** @import { Swap } from '../../../contract/rollout.ts' */

/** A browser opens six connections to a server; the others are for what is asked for meanwhile. */
const MOST_AT_A_TIME = 2;
let open = 0;

/** @param {(swap: Swap) => void} onSwap */
export function createFollower(onSwap) {
  /** @type {{ id: string, abort: AbortController } | null} */
  let running = null;

  const stop = () => {
    running?.abort.abort();
    running = null;
  };
  /** @param {string} id @param {AbortController} abort */
  const read = async (id, abort) => {
    open += 1;
    try {
      const headers = { accept: 'text/event-stream' };
      const response = await call(`v1/swaps/${encodeURIComponent(id)}`, { headers, signal: abort.signal });
      if (response.body === null) return;
      await readMessages(
        response.body,
        ({ data }) => {
          if (!abort.signal.aborted) onSwap(/** @type {Swap} */ (JSON.parse(data)));
        },
        () => {},
      );
    } catch {
      // What is asked for every other second tells the same, and whether there is a connection.
    } finally {
      open -= 1;
      if (running?.abort === abort) running = null;
    }
  };
  return {
    /** Does nothing where it is followed already, or too many others are. @param {string} id */
    start(id) {
      if (running?.id === id || open >= MOST_AT_A_TIME) return;
      stop();
      running = { id, abort: new AbortController() };
      void read(id, running.abort);
    },
    stop,
  };
}
