/** What a managed process is made of: what is particular to it, and what it works with. */
import type { AnyCalls, WorkerId } from '../contract/protocol.ts';
import type { Events } from '../telemetry/events.ts';
import type { Clock } from '../util/clock.ts';
import type { Child } from './child.ts';
import type { Forkable, Spawner } from './spawn.ts';

/** What is particular to imaging or to a model. `P` is what `prepare` found. */
export type Role<C extends AnyCalls, P> = {
  readonly name: string;
  readonly version: string | null;
  readonly entry: URL;
  readonly env: Readonly<Record<string, string>>;
  readonly uploadPipe: boolean;
  /** It answers pings while it works: silent for so long, it is stopped or wedged. Absent: a run blocks it. */
  readonly livelyMs?: number | undefined;
  /** What its boot proves, for people. */
  readonly proof: string;
  /** Before the fork; the signal says that nobody wants it any more. `missing` says what is not there and what to do. */
  readonly prepare: (
    signal: AbortSignal,
  ) => Promise<{ readonly ok: true; readonly value: P } | { readonly ok: false; readonly missing: string }>;
  /** After `hello`: makes the process ready. `warming` is called when loading is over. */
  readonly boot: (child: Child<C>, prepared: P, warming: () => void) => Promise<void>;
};

export type ProcessDeps = {
  readonly spawn: Spawner;
  readonly clock: Clock;
  readonly events: Events;
  /** For a process of this role; the spawner may have one waiting under the id that it gives. */
  readonly nextWorkerId: (role?: Forkable) => WorkerId;
  readonly random: () => number;
  readonly startTimeoutMs: number;
  readonly stopWaitMs: number;
  readonly startRetries: number;
  /**
   * For processes that the memory scheduler starts: a failed one asks before it tries again, and a start that ends for
   * want of memory is not repeated here. Absent: it decides by itself.
   */
  readonly onHalfOpen?: ((name: string) => void) | undefined;
  /** Told once per process that became ready, with fork → ready in milliseconds. */
  readonly onLoaded?: (name: string, ms: number) => void;
};

/** What a caller may expect: `coming` is worth waiting for; `no_memory`: the memory scheduler will try again. */
export type Availability = 'ready' | 'coming' | 'missing' | 'stopped' | 'failed' | 'no_memory';
