/**
 * Standard output as a log's destination. pino's own ends the server when it cannot be written (a full disk behind a
 * redirection), and at the exit tries for ever; a reader that stands still would fill the memory.
 */
import { write, writeSync } from 'node:fs';
import process from 'node:process';
import type { DestinationStream } from 'pino';

/** Characters that wait for a reader that stands still; what comes then is lost. */
const MOST_WAITING = 4 * 1024 * 1024;
/** Before a pipe that takes nothing now is tried again. */
const AGAIN_MS = 50;
/** A write that takes longer waits for a reader that stands still. */
const STUCK_MS = 1000;

export type LogOutput = DestinationStream & {
  /** Writes what waits, as far as it can be written now. pino calls it after a fatal line. */
  flushSync(): void;
  /** Resolves when every line is written, or after a second. Before a `process.exit`, which overtakes a write. */
  drained(): Promise<void>;
};

/**
 * Never throws, never waits, and keeps the order; what cannot be written is lost. Writes what waits at the exit, where
 * it may overtake the write that is with the kernel (see `drained`).
 */
export function openOutput(fd: number = 1): LogOutput {
  let waiting = '';
  /** Of a write that a pipe took in part, or not at all: tried again in a moment. */
  let rest: Uint8Array | null = null;
  let isWriting = false;
  /** When the write began that is with the kernel now. */
  let writingSince: number | null = null;
  let whenDrained = Promise.withResolvers<void>();

  /** A pipe that may wait (whoever shares it can make it so) keeps a write for as long as its reader stands still. */
  const isStuck = (): boolean => writingSince !== null && performance.now() - writingSince > STUCK_MS;
  const put = (bytes: Uint8Array): void => {
    writingSince = performance.now();
    write(fd, bytes, (error, written) => {
      writingSince = null;
      if (error?.code === 'EAGAIN') {
        rest = bytes;
        setTimeout(again, AGAIN_MS).unref();
      } else if (error === null && written < bytes.length) put(bytes.subarray(written));
      else next();
    });
  };
  const again = (): void => {
    const bytes = rest;
    rest = null;
    // It may have been written meanwhile.
    if (bytes === null) next();
    else put(bytes);
  };
  const next = (): void => {
    isWriting = waiting !== '';
    if (!isWriting) {
      whenDrained.resolve();
      whenDrained = Promise.withResolvers();
    }
    const bytes = Buffer.from(waiting);
    waiting = '';
    if (isWriting) put(bytes);
  };
  const flushSync = (): void => {
    // This write would wait too, and everybody with it.
    if (isStuck()) return;
    const left = [rest ?? new Uint8Array(), Buffer.from(waiting)];
    rest = null;
    waiting = '';
    try {
      for (let bytes of left) while (bytes.length > 0) bytes = bytes.subarray(writeSync(fd, bytes));
    } catch {
      // There is nowhere to say so.
    }
  };

  process.on('exit', () => {
    // Node waits at its exit for the write that runs, and this one has no end.
    if (isStuck()) process.kill(process.pid, 'SIGKILL');
    flushSync();
  });
  return {
    write(line) {
      if (waiting.length > MOST_WAITING) return;
      waiting += line;
      if (!isWriting) next();
    },
    flushSync,
    async drained() {
      if (!isWriting) return;
      // A little more, so that a write that has no end is known as such then.
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, STUCK_MS + AGAIN_MS);
      await Promise.race([whenDrained.promise, late.promise]);
      clearTimeout(timer);
    },
  };
}
