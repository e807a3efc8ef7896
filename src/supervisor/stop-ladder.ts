/** Ending a process: drain → `stop` message → SIGTERM → SIGKILL. Its `exit` event is the only proof. */
import type { AnyCalls } from '../contract/protocol.ts';
import type { Clock } from '../util/clock.ts';
import type { Child } from './child.ts';

/** Between the `stop` message and SIGTERM: what has begun is at most one run. */
export const STOP_MESSAGE_GRACE_MS = 2000;
/** Between SIGTERM and SIGKILL: nothing worth waiting for installs a handler. */
export const SIGTERM_GRACE_MS = 1000;

/** Resolves when no call is with the child, when it has ended, or after `waitMs`. */
export function drained<C extends AnyCalls>(child: Child<C>, waitMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(waitMs, finish);
    function finish(): void {
      cancel();
      resolve();
    }
    const check = (): void => {
      if (child.busy === 0) finish();
    };
    const before = child.onSettled;
    child.onSettled = () => {
      before();
      check();
    };
    void child.exited.then(finish);
    check();
  });
}

/** Resolves when the process has ended. */
export async function endProcess<C extends AnyCalls>(child: Child<C>, clock: Clock): Promise<void> {
  const cancels: (() => void)[] = [];
  child.askToStop();
  cancels.push(
    clock.after(STOP_MESSAGE_GRACE_MS, () => {
      child.kill('SIGTERM');
      cancels.push(clock.after(SIGTERM_GRACE_MS, () => child.kill('SIGKILL')));
    }),
  );
  await child.exited;
  for (const cancel of cancels) cancel();
}
