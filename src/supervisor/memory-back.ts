/** After a process ended: are its bytes really back? Seen, not waited for blindly. */
import type { Clock } from '../util/clock.ts';

export const POLL_MS = 50;
/** Longer than this and something else is wrong; the ledger's measurements take over. */
export const GIVE_UP_MS = 5000;

/** Resolves when `isBack` says so, asked at once and then every 50 ms; after 5 s it resolves all the same. */
export function memoryBack(isBack: () => boolean, clock: Clock): Promise<void> {
  const begun = clock.now();
  return new Promise((resolve) => {
    const look = (): void => {
      if (isBack() || clock.now() - begun >= GIVE_UP_MS) resolve();
      else clock.after(POLL_MS, look);
    };
    look();
  });
}
