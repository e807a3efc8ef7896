/** What happens to the server as events for people: one sentence each, with an id that sorts by time. */
import type { StoredEvent } from '../contract/history.ts';
import { createEventIds } from './event-ids.ts';
import { EVENT_TEXTS } from './event-texts.ts';
import type { EventDraft, ToldEvent } from './event-texts.ts';
import type { Events } from './events.ts';

export type EventLog = {
  /** Told synchronously of every event from now on; the answer ends it. A listener must not throw. */
  onEvent(listener: (event: StoredEvent) => void): () => void;
  /** Ids from now on are greater than this one, which an earlier run of the server gave. */
  raise(id: string): void;
  /** Listens no more. */
  close(): void;
};

const NAMES = Object.keys(EVENT_TEXTS) as ToldEvent[];

/** Listens to `events` until closed. It keeps nothing: the history does, see history/history.ts. */
export function createEventLog({ events }: { readonly events: Events }): EventLog {
  const ids = createEventIds();
  const listeners = new Set<(event: StoredEvent) => void>();

  const tell = (told: EventDraft | null): void => {
    if (told === null) return;
    const { at, ...rest } = told;
    const event: StoredEvent = { id: ids.next(at), at: new Date(at).toISOString(), ...rest };
    for (const listener of [...listeners]) listener(event);
  };
  const listen = <K extends ToldEvent>(name: K): (() => void) =>
    events.on(name, (event) => tell(EVENT_TEXTS[name](event)));
  const ends = NAMES.map((name) => listen(name));

  return {
    onEvent(listener) {
      const own = (event: StoredEvent): void => listener(event);
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    raise: (id) => ids.raise(id),
    close() {
      for (const end of ends) end();
      listeners.clear();
    },
  };
}
