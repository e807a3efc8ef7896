/** Whether and when a process that ended comes back, and the timer of its next start. */
import { decideRestart, NO_HISTORY, recordEnd } from '../scheduler/restart.ts';
import type { RestartReason } from '../telemetry/metrics.ts';
import type { ProcessDeps } from './role.ts';

export type End = {
  readonly reason: string;
  readonly why: RestartReason;
  /** Null when it ended before it was ready. */
  readonly readyForMs: number | null;
  /** As bad the next time: it is not tried again for now. */
  readonly permanent: boolean;
};

export class Comeback {
  /** Starts after an end that was not asked for, and restarts by people. */
  restarts = 0;
  readonly #name: string;
  readonly #deps: ProcessDeps;
  #history = NO_HISTORY;
  #halfOpen = false;
  #cancel: () => void = () => {};

  constructor(name: string, deps: ProcessDeps) {
    this.#name = name;
    this.#deps = deps;
  }

  /** The row of ends is forgotten, but not for the one try that a failed process gets after a while. */
  forgive(): void {
    if (!this.#halfOpen) this.#history = NO_HISTORY;
    this.#halfOpen = false;
  }

  cancel(): void {
    this.#cancel();
  }

  /** Answers the state that it is in until then; `launch` is called when it is time. */
  plan(end: End, launch: (reason: string) => void): 'backoff' | 'failed' {
    const { clock, startRetries, random, onHalfOpen } = this.#deps;
    const contextLost = end.why === 'device_error';
    this.#history = recordEnd(this.#history, end.readyForMs, contextLost);
    const decision = decideRestart(this.#history, end.permanent ? -1 : startRetries, random(), contextLost);
    const failed = decision.kind === 'failed';
    const delayMs = failed ? decision.retryInMs : decision.delayMs;
    this.#cancel = clock.after(delayMs, () => {
      if (failed && onHalfOpen !== undefined) {
        this.#halfOpen = true;
        onHalfOpen(this.#name);
        return;
      }
      this.count(end.why, delayMs);
      launch(`restart after: ${end.reason}`);
    });
    return failed ? 'failed' : 'backoff';
  }

  count(reason: RestartReason, delayMs: number): void {
    this.restarts += 1;
    const { clock, events } = this.#deps;
    const at = clock.date().getTime();
    events.emit('worker.restart', { name: this.#name, reason, delayMs, attempt: this.#history.ends, at });
  }
}
