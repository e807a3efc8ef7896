/** The newest events in memory, and the one meaning of a question for events, which the store on disk shares. */
import type { EventQuery, StoredEvent } from '../contract/history.ts';

export class EventRing {
  readonly #limit: number;
  #events: StoredEvent[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(event: StoredEvent): void {
    this.#events.push(event);
    // In steps, so that not every event moves all the others.
    if (this.#events.length > this.#limit * 1.25) this.#events = this.#events.slice(-this.#limit);
  }

  /** Oldest first. */
  select(query: EventQuery): StoredEvent[] {
    const { afterId, from, to, types, limit } = query;
    const found = this.#events.filter((event) => {
      if (afterId !== null && event.id <= afterId) return false;
      const at = Date.parse(event.at);
      if ((from !== null && at < from) || (to !== null && at >= to)) return false;
      return types === null || types.includes(event.type);
    });
    return newest(found, limit);
  }

  /** Whether nothing that the question asks for can be older than the ring. */
  covers({ afterId, from, limit }: EventQuery, found: number): boolean {
    if (found >= limit) return true;
    const oldest = this.#events[0];
    if (oldest === undefined) return false;
    return (afterId !== null && afterId >= oldest.id) || (from !== null && Date.parse(oldest.at) < from);
  }
}

function newest(events: readonly StoredEvent[], limit: number): StoredEvent[] {
  return limit <= 0 ? [] : events.slice(-limit);
}

/** Events of the disk and of memory, each once, oldest first, the newest `limit`. */
export function mergeEvents(
  older: readonly StoredEvent[],
  newer: readonly StoredEvent[],
  limit: number,
): StoredEvent[] {
  const byId = new Map([...older, ...newer].map((event) => [event.id, event]));
  const merged = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
  return newest(merged, limit);
}
