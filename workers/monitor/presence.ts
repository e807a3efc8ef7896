/** Which cards are there, remembered: what changes becomes an event. */
import type { MonitorEvent } from '../../src/contract/monitor.ts';

export type CardName = { readonly index: number; readonly uuid: string | null };

export type Presence = {
  /** The card may be used, or not; said as often as one likes. */
  note(card: CardName, there: boolean, at: number): void;
  /** From now on a card that was never seen has come back: it was not there at the start. */
  begin(): void;
  xid(card: CardName, xid: number, at: number): void;
  /** What happened since the last call. */
  take(): readonly MonitorEvent[];
};

export function createPresence(): Presence {
  const there = new Map<string, boolean>();
  let begun = false;
  let events: MonitorEvent[] = [];
  return {
    note({ index, uuid }, isThere, at) {
      const key = uuid ?? `#${index}`;
      const before = there.get(key) ?? (begun ? false : isThere);
      there.set(key, isThere);
      if (before !== isThere) events.push({ type: isThere ? 'gpu_back' : 'gpu_lost', index, uuid, at });
    },
    begin() {
      begun = true;
    },
    xid({ index, uuid }, xid, at) {
      events.push({ type: 'xid', index, uuid, xid, at });
    },
    take() {
      const taken = events;
      events = [];
      return taken;
    },
  };
}
