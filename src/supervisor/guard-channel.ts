/**
 * Node throws out of the event loop when a child writes bytes into its control channel that are no message, which would end
 * the supervisor. No API lets one catch that, so the handle's reader is wrapped. It is found by the description of Node's own
 * symbol; where it is not found (another Node), nothing is wrapped, and `test/supervisor/misbehaviour.test.ts` fails.
 */
import type { ChildProcess } from 'node:child_process';

type Reader = (this: unknown, ...args: unknown[]) => unknown;

/** `onJunk` is called when what the child wrote cannot be read; the channel is of no use then. */
export function guardChannel(child: ChildProcess, onJunk: () => void): void {
  const symbol = Object.getOwnPropertySymbols(child).find(({ description }) => description === 'kChannelHandle');
  const handle = symbol === undefined ? undefined : (Reflect.get(child, symbol) as unknown);
  if (typeof handle !== 'object' || handle === null || !('onread' in handle)) return;
  const { onread } = handle;
  if (typeof onread !== 'function') return;
  const read = onread as Reader;
  const guarded: Reader = function (...args) {
    try {
      return read.apply(this, args);
    } catch {
      onJunk();
      return undefined;
    }
  };
  handle.onread = guarded;
}
