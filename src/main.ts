/** What `facepool start` does first: may this server start, and the processes that boot while the rest of it is loaded. */
import { KeyStore } from './auth/key-store.ts';
import { startFault } from './auth/mode.ts';
import { ConfigError } from './config/config-error.ts';
import { lockDataDir } from './config/lock.ts';
import type { Settings } from './contract/settings.ts';
import { withDevices } from './gpu/devices.ts';
import { earlyRoles, forkEarly } from './supervisor/early-forks.ts';
import { spawnChild } from './supervisor/spawn.ts';
import { systemClock } from './util/clock.ts';
import { onHangup } from './util/signals.ts';

/**
 * Runs a server until SIGTERM or SIGINT. Resolves when it serves; rejects (and leaves nothing behind) when it cannot, with a
 * FacepoolError that says what to change.
 * @param readAgain the settings as they are now; asked by a reload
 */
export async function main(configured: Settings, readAgain: () => Settings): Promise<void> {
  const startedAt = performance.now();
  const setHangup = onHangup();
  const base = withDevices(configured);
  const keys = new KeyStore(base.data_dir);
  const fault = startFault(base, keys.all());
  if (fault !== null) throw new ConfigError([fault]);
  const lock = lockDataDir(base.data_dir);
  const forks = forkEarly(spawnChild, earlyRoles(base), systemClock);
  try {
    const { serve } = await import('./server/serve.ts');
    await serve(base, { readAgain, keys, lock, forks, setHangup, startedAt });
  } finally {
    forks.end();
  }
}
