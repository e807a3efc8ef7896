/** When a process that ended is started again. Pure: times come in, a decision goes out. */

/** Waits before the 1st, 2nd, … restart in a row; the last one repeats. */
export const RESTART_WAITS_MS = [0, 500, 1000, 2000, 4000, 8000, 15_000] as const;
/** So long ready, and the row of crashes is forgotten. */
export const HEALTHY_AFTER_MS = 60_000;
/** A failed process is tried again after this. */
export const HALF_OPEN_AFTER_MS = 60_000;
const JITTER = 0.2;

export type RestartHistory = {
  /** Starts in a row that ended before ready. */
  readonly failedStarts: number;
  /** Ends in a row, of any kind, since it was last healthy. */
  readonly ends: number;
  /** Those among `ends` that lost the device context. */
  readonly contextsLost: number;
};

export const NO_HISTORY: RestartHistory = { failedStarts: 0, ends: 0, contextsLost: 0 };

export type RestartDecision =
  | { readonly kind: 'wait'; readonly delayMs: number }
  /** Declared failed; `retryInMs` until it is tried once more. */
  | { readonly kind: 'failed'; readonly retryInMs: number };

/** History after one more end. `readyForMs` is null when it ended before it was ready. */
export function recordEnd(
  history: RestartHistory,
  readyForMs: number | null,
  contextLost: boolean = false,
): RestartHistory {
  const before = readyForMs !== null && readyForMs >= HEALTHY_AFTER_MS ? NO_HISTORY : history;
  return {
    failedStarts: readyForMs === null ? before.failedStarts + 1 : 0,
    ends: before.ends + 1,
    contextsLost: before.contextsLost + (contextLost ? 1 : 0),
  };
}

/**
 * Decides after `recordEnd`. `random` is 0..1 and spreads restarts of several processes.
 * A failed process that is tried again fails at once if it does not get ready.
 * A lost device context is nobody's fault and only a new process helps: it waits by its own row, so at once at first.
 */
export function decideRestart(
  history: RestartHistory,
  startRetries: number,
  random: number,
  contextLost: boolean = false,
): RestartDecision {
  if (history.failedStarts > startRetries) return { kind: 'failed', retryInMs: HALF_OPEN_AFTER_MS };
  const row = contextLost ? history.contextsLost : history.ends;
  const step = Math.max(0, Math.min(row - 1, RESTART_WAITS_MS.length - 1));
  const wait = RESTART_WAITS_MS[step] ?? 0;
  return { kind: 'wait', delayMs: Math.round(wait * (1 + JITTER * (2 * random - 1))) };
}
