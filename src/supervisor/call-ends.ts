/**
 * Finds out when a process is done with a call, which is later than the caller is: one that was abandoned may be running.
 * A process that has begun an abandoned call answers it. One that has not says nothing, so it is asked something else: its
 * answer shows that it has read the abandonment, and what it had begun before, it has said before.
 */
import type { CallId } from '../contract/protocol.ts';

export class CallEnds {
  readonly #watched = new Map<CallId, () => void>();
  /** Id of the question → the abandoned call. */
  readonly #asked = new Map<CallId, CallId>();

  watch(id: CallId, onOver: (() => void) | undefined): void {
    if (onOver !== undefined) this.#watched.set(id, onOver);
  }

  /** An abandoned call that had not begun; `ask` sends a question and gives its id. */
  abandoned(id: CallId, ask: () => CallId): void {
    if (this.#watched.has(id)) this.#asked.set(ask(), id);
  }

  /** The process says that it runs this call: an abandoned one is over with its answer. */
  begun(id: CallId): void {
    for (const [question, call] of this.#asked) if (call === id) this.#asked.delete(question);
  }

  /** The process has answered this call or question. */
  answered(id: CallId): void {
    const call = this.#asked.get(id) ?? id;
    this.#asked.delete(id);
    const onOver = this.#watched.get(call);
    this.#watched.delete(call);
    onOver?.();
  }

  /** The process has ended. */
  all(): void {
    this.#asked.clear();
    const ended = [...this.#watched.values()];
    this.#watched.clear();
    for (const onOver of ended) onOver();
  }
}
