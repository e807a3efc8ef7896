/** For how long of each step something is known: a step is whole minutes in a long window, and may have one sample. */
import type { HistoryAnswer, StoredEvent } from '../../contract/history.ts';

/** When the first and the last sample that there are were taken; milliseconds since 1970, null: not known. */
export type Bounds = { readonly oldest?: number | null | undefined; readonly newest?: number | null | undefined };

/** Seconds of each step in which the server ran, as far as its starts and stops tell; 0 where nothing is known. */
export function coveredSeconds(history: HistoryAnswer, { oldest, newest }: Bounds): readonly number[] {
  const from = Math.max(Date.parse(history.from), oldest ?? Number.NEGATIVE_INFINITY);
  const to = Math.min(Date.parse(history.to), newest ?? Number.POSITIVE_INFINITY);
  const turns = history.events
    .filter(({ type }) => type === 'server_start' || type === 'server_stop')
    .map((event) => ({ event, at: Date.parse(event.at) }))
    .sort((a, b) => a.at - b.at);
  const isKnown = (place: number): boolean =>
    history.devices.some(({ columns }) => (columns.gpu_util[place] ?? columns.memory_used[place] ?? null) !== null);
  let next = 0;
  let mayRun = false;
  return history.t.map((second, place) => {
    const begin = Math.max(second * 1000, from);
    const end = Math.min((second + history.step_s) * 1000, to);
    const inside: Turn[] = [];
    for (; (turns[next]?.at ?? Number.POSITIVE_INFINITY) < end; next += 1) {
      const turn = turns[next];
      if (turn !== undefined && turn.at >= begin) inside.push(turn);
    }
    const ran = isKnown(place) ? ranFor(begin, end, inside, mayRun) / 1000 : 0;
    mayRun = isKnown(place) && turns[next - 1]?.event.type !== 'server_stop';
    return ran;
  });
}

type Turn = { readonly event: StoredEvent; readonly at: number };

/** @param mayRun it ran in the step before and did not stop: at a start that follows, it was killed moments ago */
function ranFor(begin: number, end: number, turns: readonly Turn[], mayRun: boolean): number {
  let runs = turns[0]?.event.type === 'server_start' ? mayRun : true;
  let since = begin;
  let sum = 0;
  for (const { event, at } of turns) {
    if (event.type === 'server_start') {
      if (!runs) since = at;
      runs = true;
    } else if (runs) {
      sum += at - since;
      runs = false;
    }
  }
  return Math.max(0, runs ? sum + end - since : sum);
}
