/** One chart: uPlot with the page's colours, a legend with figures, events as marks, zoom by dragging, and the keyboard. */
import { h, say, setText } from '../lib/dom.js';
import { moment } from '../lib/format.js';
import { faded } from '../lib/theme.js';
import uPlot from '../vendor/uplot/uPlot.esm.js';
import { figure, summary } from './axes.js';
import { optionsOf, SYNC_KEY } from './chart-options.js';
import { drawMarks } from './draw-marks.js';
import { markLines } from './marks.js';

/** @typedef {import('./plots.js').Plot} Plot */
/** @typedef {import('./marks.js').Mark} Mark */
/**
 * @typedef {object} ChartHost what all charts have in common
 * @property {(name: string) => string} color
 * @property {() => { from: number, to: number }} range seconds since 1970
 * @property {() => readonly Mark[]} marks
 * @property {() => Mark | null} highlighted
 * @property {(from: number, to: number) => void} onZoom
 * @property {() => void} onReset
 */

/** A mark's text is shown when the cursor is nearer than this, pixels. */
const NEAR_PX = 6;

/**
 * @param {Plot} first
 * @param {{ subject: string, titled: boolean, height: number }} look what it is a chart of; whether its title is seen
 * @param {ChartHost} host
 */
export function createChart(first, { subject, titled, height }, host) {
  let plot = first;
  /** @type {number[]} */
  let t = [];
  const legend = h('div', { class: 'legend small' });
  const place = h('div', {
    class: 'plot',
    tabindex: '0',
    role: 'group',
    'aria-roledescription': 'chart',
    'data-plot': first.id,
  });
  const tip = h('div', { class: 'tip', hidden: true });
  const element = h(
    'figure',
    { class: 'chart' },
    h(
      'figcaption',
      { class: 'row spread' },
      h('h4', { class: titled ? null : 'hidden-text', text: first.title }),
      legend,
    ),
    place,
  );
  const values = plot.lines.map(({ label, color, dash }) => {
    const swatch = h('span', { class: 'swatch', 'data-dash': dash ?? 'solid', 'aria-hidden': 'true' });
    swatch.style.borderTopColor = host.color(color);
    const text = h('span', { class: 'number' });
    legend.append(h('span', { class: 'item' }, swatch, plot.lines.length === 1 ? '' : `${label} `, text));
    return text;
  });
  /** @type {uPlot | null} */
  let chart = null;

  /** @param {number | null | undefined} index of the cursor; null: the latest */
  const showFigures = (index) => {
    plot.lines.forEach((line, i) => {
      const column = line.own ?? line.values;
      const value = index === null || index === undefined ? column.findLast((each) => each !== null) : column[index];
      const text = values[i];
      if (text !== undefined) setText(text, figure(value, unitOf(line)));
    });
  };
  /** @param {Plot['lines'][number]} line */
  const unitOf = (line) => (line.axis === 'y2' ? (plot.unit2 ?? plot.unit) : plot.unit);

  /** @param {uPlot} u */
  const onCursor = (u) => {
    const { left = -1, idx } = u.cursor;
    showFigures(left < 0 ? null : idx);
    // Only of the chart that is under the pointer: the others follow its cursor.
    const near = u.over.matches(':hover')
      ? host.marks().find((mark) => Math.abs(u.valToPos(mark.t, 'x') - left) <= NEAR_PX)
      : undefined;
    tip.hidden = near === undefined;
    if (near === undefined) return;
    tip.textContent = markLines(near, host.range().to).join('\n');
    const at = u.valToPos(near.t, 'x');
    tip.style.left = `${Math.max(0, Math.min(at + 10, u.over.clientWidth - tip.offsetWidth))}px`;
  };
  /** @param {uPlot} u */
  const onSelect = (u) => {
    const { left, width } = u.select;
    if (width > 4) host.onZoom(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };

  /** @returns {uPlot.AlignedData} */
  const dataOf = () => [t, ...plot.lines.map(({ values: column }) => column)];
  const build = () => {
    chart?.destroy();
    const options = optionsOf(plot, {
      width: place.clientWidth,
      height,
      color: host.color,
      faded,
      range: host.range,
      hooks: {
        draw: [(u) => drawMarks(u, host.marks(), { color: host.color, highlighted: host.highlighted() })],
        setCursor: [onCursor],
        setSelect: [onSelect],
      },
    });
    chart = new uPlot(options, dataOf(), place);
    chart.over.append(tip);
    chart.over.addEventListener('dblclick', host.onReset);
  };

  place.addEventListener('keydown', (event) => {
    if (chart !== null && onKey(event, chart, t, host)) {
      event.preventDefault();
      const { idx } = chart.cursor;
      const time = idx === null || idx === undefined ? undefined : t[idx];
      if (time !== undefined) {
        const figures = plot.lines.map((line, i) => `${line.label} ${values[i]?.textContent ?? ''}`);
        say(`${moment(time, host.range().to)}: ${figures.join(', ')}`);
      }
    }
  });
  new ResizeObserver(() => {
    if (place.clientWidth === 0) return;
    if (chart === null) build();
    else if (chart.width !== place.clientWidth) chart.setSize({ width: place.clientWidth, height });
  }).observe(place);

  return {
    element,
    id: first.id,
    lineLabels: plot.lines.map(({ label }) => label).join(),
    /** @param {Plot} next with the same lines @param {number[]} times */
    update(next, times) {
      plot = next;
      t = times;
      chart?.setData(dataOf());
      if (chart === null || (chart.cursor.left ?? -1) < 0) showFigures(null);
      const text = plot.lines.map((line) => summary(line.label, line.own ?? line.values, unitOf(line))).join('. ');
      place.setAttribute('aria-label', `${plot.title} of ${subject}. ${text}`);
    },
    redraw: () => chart?.redraw(false, false),
    canvas: () => chart?.ctx.canvas ?? null,
    destroy() {
      chart?.destroy();
      chart = null;
      element.remove();
    },
  };
}

/**
 * @param {KeyboardEvent} event
 * @param {uPlot} chart
 * @param {readonly number[]} t
 * @param {ChartHost} host
 * @returns {boolean} whether the key means something here
 */
function onKey({ key, shiftKey }, chart, t, host) {
  const { from, to } = host.range();
  const at = chart.cursor.idx ?? t.length - 1;
  const stride = shiftKey ? 10 : 1;
  const next = { ArrowLeft: at - stride, ArrowRight: at + stride, Home: chart.valToIdx(from), End: t.length - 1 }[key];
  if (next !== undefined) {
    const time = t[Math.max(0, Math.min(t.length - 1, next))];
    if (time !== undefined) chart.setCursor({ left: chart.valToPos(time, 'x'), top: 10 });
    return true;
  }
  const middle = t[at] ?? (from + to) / 2;
  if (key === '+') host.onZoom(middle - (to - from) / 4, middle + (to - from) / 4);
  else if (key === 'Escape' || key === '0') host.onReset();
  else return false;
  return true;
}

/** @param {readonly ReturnType<typeof createChart>[]} charts whose cursors are taken away */
export function clearCursors(charts) {
  if (charts.length > 0) for (const each of uPlot.sync(SYNC_KEY).plots) each.setCursor({ left: -10, top: -10 }, true);
}
