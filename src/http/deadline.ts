/** One abort signal per request: the deadline passed, or the client went. */
import type { ServerResponse } from 'node:http';
import { FacepoolError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';

/** The abort reason when the client closed the connection. Nobody is left to read an answer. */
export const CLIENT_GONE: FacepoolError = new FacepoolError('deadline_exceeded', 'The client closed the connection.');

export type Deadline = {
  readonly signal: AbortSignal;
  /** Replaces the deadline, counted from the start of the request; undefined leaves it as it is. */
  set(timeoutMs: number | undefined): void;
  dispose(): void;
};

type Limits = Pick<Settings['limits'], 'timeout_ms' | 'max_timeout_ms'>;

/**
 * Starts the clock of a request.
 * @param timeoutMs what the client asked for; capped by `limits.max_timeout_ms`
 */
export function startDeadline(res: ServerResponse, limits: Limits, timeoutMs?: number): Deadline {
  const controller = new AbortController();
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;

  const arm = (wanted: number) => {
    clearTimeout(timer);
    const capped = Math.min(wanted, limits.max_timeout_ms);
    const left = Math.max(0, capped - (performance.now() - startedAt));
    timer = setTimeout(() => {
      controller.abort(new FacepoolError('deadline_exceeded', `There was no answer within ${capped} ms.`));
    }, left);
  };
  const onClose = () => {
    if (!res.writableFinished) controller.abort(CLIENT_GONE);
  };

  res.once('close', onClose);
  arm(timeoutMs ?? limits.timeout_ms);
  return {
    signal: controller.signal,
    set(wanted) {
      if (wanted !== undefined && !controller.signal.aborted) arm(wanted);
    },
    dispose() {
      clearTimeout(timer);
      res.off('close', onClose);
    },
  };
}

export type Patience = { readonly signal: AbortSignal; dispose(): void };

/** For answers that take as long as they take: ends when the client goes, or the server. */
export function startPatience(res: ServerResponse, closing?: AbortSignal): Patience {
  const controller = new AbortController();
  const onClose = () => {
    if (!res.writableFinished) controller.abort(CLIENT_GONE);
  };
  const onClosing = () => controller.abort(new FacepoolError('shutting_down', 'The server is shutting down.'));
  res.once('close', onClose);
  closing?.addEventListener('abort', onClosing, { once: true });
  if (closing?.aborted === true) onClosing();
  return {
    signal: controller.signal,
    dispose() {
      res.off('close', onClose);
      closing?.removeEventListener('abort', onClosing);
    },
  };
}
