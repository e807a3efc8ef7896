/** Something done again and again while it is looked at; slower while it fails, never twice at a time. */

const SLOWEST_MS = 10_000;

/**
 * @param {number} periodMs
 * @param {(signal: AbortSignal) => Promise<boolean | void>} work false: it failed, wait longer
 */
export function createPoll(periodMs, work) {
  /** @type {AbortController | null} */
  let running = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let wait = periodMs;

  const round = async () => {
    clearTimeout(timer);
    running?.abort();
    const mine = new AbortController();
    running = mine;
    const began = performance.now();
    const failed = (await work(mine.signal)) === false;
    if (running !== mine) return;
    wait = failed ? Math.min(SLOWEST_MS, wait * 2) : periodMs;
    // By the begin of the round: a slow answer does not make the pace slower.
    timer = setTimeout(() => void round(), Math.max(0, wait - (failed ? 0 : performance.now() - began)));
  };
  const stop = () => {
    clearTimeout(timer);
    running?.abort();
    running = null;
  };
  return {
    start() {
      if (running === null) void round();
    },
    /** At once, if it goes at all. */
    now() {
      if (running !== null) void round();
    },
    stop,
  };
}
