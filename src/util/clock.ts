/** Time as a dependency, so that tests turn the hands themselves. */
export type Clock = {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number;
  /** Wall time. */
  date(): Date;
  /** Returns the function that cancels it. The process may end while the timer waits. */
  after(ms: number, fn: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
