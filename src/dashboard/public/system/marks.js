/** Events on the time axis: which there are in a range, which stand together, and the lines that they draw in the charts. */
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

/** Each severity in its own pattern too. */
const DASHES = { info: [2, 4], warning: [6, 3], error: [] };
const COLORS = /** @type {const} */ ({ info: 'muted', warning: 'warning', error: 'error' });

/**
 * Draws the marks over a chart.
 * @param {import('../vendor/uplot/uPlot.esm.js').default} plot
 * @param {readonly Mark[]} marks
 * @param {{ color: (name: string) => string, highlighted: Mark | null }} look
 */
export function drawMarks(plot, marks, { color, highlighted }) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio || 1;
  const { min, max } = plot.scales['x'] ?? {};
  ctx.save();
  for (const mark of marks) {
    if (min === undefined || max === undefined || mark.t < min || mark.t > max) continue;
    const isOn = highlighted !== null && highlighted.events[0]?.id === mark.events[0]?.id;
    const x = Math.round(plot.valToPos(mark.t, 'x', true)) + 0.5;
    ctx.strokeStyle = color(COLORS[mark.severity]);
    ctx.globalAlpha = isOn ? 1 : mark.severity === 'info' ? 0.45 : 0.85;
    ctx.lineWidth = (isOn ? 3 : 1.25) * ratio;
    ctx.setLineDash(DASHES[mark.severity].map((length) => length * ratio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
