/**
 * Ids of events: 13 digits of milliseconds, a dash, four digits of a counter. As text they sort in the order in which
 * they were given, also where the clock steps back: then the last time stays and the counter goes on.
 *
 * Across a restart the first ids come from the clock alone, so that a start waits for no disk. As soon as the history
 * tells the greatest id that it holds, later ones are above it. Only where the clock stepped back over the restart do
 * the few events before that moment sort before older ones; their `at` is what the clock said in any case.
 */
const TIME_DIGITS = 13;
const COUNTER_DIGITS = 4;
const MOST = 10 ** COUNTER_DIGITS - 1;
const PATTERN = new RegExp(`^(\\d{${TIME_DIGITS}})-(\\d{${COUNTER_DIGITS}})$`);

export type EventIds = {
  /** @param at milliseconds since 1970 */
  next(at: number): string;
  /** Later ids are greater than this one. What is no id of ours changes nothing. */
  raise(id: string): void;
};

export function createEventIds(): EventIds {
  let time = 0;
  let count = 0;
  return {
    next(at) {
      const now = Math.floor(at);
      if (now > time) {
        time = now;
        count = 0;
      } else if (count < MOST) count += 1;
      else {
        time += 1;
        count = 0;
      }
      return `${String(time).padStart(TIME_DIGITS, '0')}-${String(count).padStart(COUNTER_DIGITS, '0')}`;
    },
    raise(id) {
      const [, ms, counter] = PATTERN.exec(id) ?? [];
      const stored = Number(ms);
      if (!(stored > time || (stored === time && Number(counter) > count))) return;
      time = stored;
      count = Number(counter);
    },
  };
}

/** Whether a client's `Last-Event-ID` can be one of ours. */
export function isEventId(id: string): boolean {
  return PATTERN.test(id);
}
