/** Bodies that stop coming: whoever sends one holds a place, and may have gone without a word. */
import type { IncomingMessage } from 'node:http';
import { FacepoolError } from '../../contract/errors.ts';
import type { Clock } from '../../util/clock.ts';

/** Ten times what a busy machine takes for a chunk. */
export const STANDSTILL_MS = 60_000;

/**
 * Aborts the signal with `deadline_exceeded` when nothing has come for so long (twice as long at most). `end`: nobody
 * looks any more.
 */
export function watchStandstill(
  req: IncomingMessage,
  clock: Pick<Clock, 'after'>,
  ms: number = STANDSTILL_MS,
): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  let last = req.socket.bytesRead;
  const look = (): void => {
    if (req.complete) return;
    const now = req.socket.bytesRead;
    if (now === last) {
      const detail = `The upload has stood still for ${ms / 1000} seconds.`;
      controller.abort(new FacepoolError('deadline_exceeded', detail));
      return;
    }
    last = now;
    cancel = clock.after(ms, look);
  };
  let cancel = clock.after(ms, look);
  return { signal: controller.signal, end: () => cancel() };
}
