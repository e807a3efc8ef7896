/** Events on the time axis: which there are in a range, which stand together, and what they say. */
import { moment, plural, secondsOf } from '../lib/format.js';
import { severityLook } from '../lib/states.js';

/** @import { StoredEvent } from '../../../contract/history.ts' */
/** @typedef {{ t: number, severity: 'info' | 'warning' | 'error', events: StoredEvent[] }} Mark */

const WEIGHT = { info: 0, warning: 1, error: 2 };

/**
 * Marks of the events between `from` and `to`; those nearer to each other than `nearS` stand together.
 * @param {readonly StoredEvent[]} events oldest first
 * @param {number} from seconds since 1970
 * @param {number} to
 * @param {number} nearS seconds
 * @returns {Mark[]}
 */
export function marksOf(events, from, to, nearS) {
  /** @type {Mark[]} */
  const marks = [];
  for (const event of events) {
    const t = secondsOf(event.at);
    if (t < from || t > to) continue;
    const last = marks.at(-1);
    if (last !== undefined && t - last.t <= nearS) {
      last.events.push(event);
      if (WEIGHT[event.severity] > WEIGHT[last.severity]) last.severity = event.severity;
    } else marks.push({ t, severity: event.severity, events: [event] });
  }
  return marks;
}

/** Lines of a text about a mark; a crowd is cut short. */
const MOST_LINES = 6;

/**
 * @param {Mark} mark
 * @param {number} now seconds since 1970
 * @returns {string[]} what happened, a line for each
 */
export function markLines({ events }, now) {
  const lines = events.slice(-MOST_LINES).map((event) => {
    return `${moment(secondsOf(event.at), now)} ${severityLook(event.severity).word}: ${event.text}`;
  });
  const left = events.length - lines.length;
  return left > 0 ? [`${plural(left, 'earlier event')} here`, ...lines] : lines;
}
