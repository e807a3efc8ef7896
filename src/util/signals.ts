/** Signals of the server's process. */

/** A second signal ends the server at once; its children die with it. */
export function onStopSignals(stop: (signal: string) => void): void {
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130);
      asked = true;
      stop(signal);
    });
  }
}

/**
 * From here on a terminal that closes ends nothing: SIGHUP does what the answer was given last, and nothing before.
 */
export function onHangup(): (act: () => void) => void {
  let act = (): void => {};
  process.on('SIGHUP', () => act());
  return (next) => {
    act = next;
  };
}
