/** Pairs what arrives on the data plane with the call that wants it: whichever comes first waits for the other. */
import type { Ticket } from '../contract/protocol.ts';
import type { FrameHeader } from './header.ts';

type Waiter = {
  readonly parts: number;
  readonly resolve: (parts: Uint8Array[]) => void;
  readonly reject: (error: Error) => void;
};

/** Transfers that nobody has asked for; more than this and the oldest is dropped. */
const MAX_UNCLAIMED = 64;
const MAX_FORGOTTEN = 1024;

export class Inbox {
  readonly #parts = new Map<Ticket, Map<number, Uint8Array>>();
  readonly #waiters = new Map<Ticket, Waiter>();
  /** Tickets given up before their bytes came; the bytes are dropped on arrival. */
  readonly #forgotten = new Set<Ticket>();

  receive(header: FrameHeader, payload: Uint8Array): void {
    if (this.#forgotten.has(header.ticket)) return;
    const parts = this.#parts.get(header.ticket) ?? new Map<number, Uint8Array>();
    parts.set(header.part, payload);
    this.#parts.set(header.ticket, parts);
    this.#settle(header.ticket);
    if (this.#parts.size > MAX_UNCLAIMED) this.#dropOldestUnclaimed();
  }

  /** Parts 0..count-1 of a transfer, once all have come. Rejects when `forget` is called first. */
  take(ticket: Ticket, count: number): Promise<Uint8Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#forgotten.has(ticket)) {
        reject(new Error('transfer was given up'));
        return;
      }
      this.#waiters.set(ticket, { parts: count, resolve, reject });
      this.#settle(ticket);
    });
  }

  /** Drops what has come and what will come under this ticket. */
  forget(ticket: Ticket): void {
    this.#parts.delete(ticket);
    this.#forgotten.add(ticket);
    if (this.#forgotten.size > MAX_FORGOTTEN) {
      for (const oldest of this.#forgotten) {
        this.#forgotten.delete(oldest);
        break;
      }
    }
    const waiter = this.#waiters.get(ticket);
    this.#waiters.delete(ticket);
    waiter?.reject(new Error('transfer was given up'));
  }

  get unclaimed(): number {
    return this.#parts.size;
  }

  #settle(ticket: Ticket): void {
    const waiter = this.#waiters.get(ticket);
    const parts = this.#parts.get(ticket);
    if (waiter === undefined || (parts?.size ?? 0) < waiter.parts) return;
    this.#waiters.delete(ticket);
    this.#parts.delete(ticket);
    const out: Uint8Array[] = [];
    for (let i = 0; i < waiter.parts; i++) {
      const part = parts?.get(i);
      if (part === undefined) {
        waiter.reject(new Error(`transfer has no part ${i}`));
        return;
      }
      out.push(part);
    }
    waiter.resolve(out);
  }

  #dropOldestUnclaimed(): void {
    for (const ticket of this.#parts.keys()) {
      if (this.#waiters.has(ticket)) continue;
      this.forget(ticket);
      return;
    }
  }
}
