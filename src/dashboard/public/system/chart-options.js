/** A plot as uPlot wants it. */
import { BYTE_STEPS, figure, timeLabels, timeSplits, TIME_STEPS } from './axes.js';

/** @typedef {import('./plots.js').Plot} Plot */
/** @typedef {import('./plots.js').Line} Line */
/** @typedef {import('./plots.js').Unit} Unit */
/** @typedef {import('../vendor/uplot/uPlot.esm.js').default} uPlot */
/** @typedef {import('../vendor/uplot/uPlot.esm.js').default.Options} Options */

export const SYNC_KEY = 'facepool';
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const DASHES = { solid: [], dashed: [7, 4], dotted: [2, 3] };

/**
 * @param {Plot} plot
 * @param {{
 *   width: number,
 *   height: number,
 *   color: (name: string) => string,
 *   faded: (color: string, alpha: number) => string,
 *   range: () => { from: number, to: number },
 *   hooks: NonNullable<Options['hooks']>,
 * }} look
 * @returns {Options}
 */
export function optionsOf(plot, { width, height, color, faded, range, hooks }) {
  const grid = { stroke: color('line'), width: 1 };
  const plain = { stroke: color('muted'), font: FONT, ticks: { show: false }, grid, gap: 4 };
  const hasSecond = plot.lines.some(({ axis }) => axis === 'y2');
  const stack = plot.lines.flatMap(({ fill }, i) => (fill === 'stack' ? [i] : []));
  return {
    width,
    height,
    padding: [8, hasSecond ? 0 : 20, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
      // Charts have different widths, so a drag is not shared: its end is, as the range of all.
      sync: { key: SYNC_KEY, setSeries: false, scales: ['x', null], filters: { pub: isMove, sub: isMove } },
    },
    scales: {
      x: { time: true, range: () => [range().from, range().to] },
      y: { range: (_, __, most) => [0, ceiling(plot, 'y', most)] },
      ...(hasSecond ? { y2: { range: (_, __, most) => [0, ceiling(plot, 'y2', most)] } } : {}),
    },
    axes: [
      {
        ...plain,
        space: 76,
        incrs: TIME_STEPS,
        splits: (_, __, from, to, step) => timeSplits(from, to, step),
        values: (_, splits, __, ___, step) => timeLabels(splits, step),
        size: 26,
      },
      valueAxis(plain, 'y', plot.unit),
      ...(hasSecond ? [{ ...valueAxis(plain, 'y2', plot.unit2 ?? 'bytes'), side: 1, grid: { show: false } }] : []),
    ],
    series: [{}, ...plot.lines.map((line) => seriesOf(line, color, faded))],
    bands: stack.slice(0, -1).map((index, i) => ({
      series: /** @type {[number, number]} */ ([index + 1, (stack[i + 1] ?? 0) + 1]),
      fill: faded(color(plot.lines[index]?.color ?? 's1'), 0.55),
    })),
    hooks,
  };
}

/** @param {string} type */
function isMove(type) {
  return type === 'mousemove' || type === 'mouseleave';
}

/**
 * @param {object} plain
 * @param {'y' | 'y2'} scale
 * @param {Unit} unit
 */
function valueAxis(plain, scale, unit) {
  return {
    ...plain,
    scale,
    side: 3,
    size: unit === 'bytes' ? 66 : 50,
    space: 34,
    values: (/** @type {uPlot} */ _, /** @type {number[]} */ splits) => splits.map((value) => figure(value, unit)),
    ...(unit === 'bytes' ? { incrs: BYTE_STEPS } : {}),
  };
}

/**
 * Where an axis ends: above the figures, but never so near to 0 that noise looks like work.
 * @param {Plot} plot
 * @param {'y' | 'y2'} axis
 * @param {number | null} most of the figures in sight
 */
export function ceiling(plot, axis, most) {
  const unit = axis === 'y2' ? plot.unit2 : plot.unit;
  const least = unit === 'bytes' ? 2 ** 24 : unit === 'watt' ? 10 : 1;
  const above = Math.max(least, (most ?? 0) * (axis === 'y2' ? 1.3 : unit === 'percent' ? 1.02 : 1.08));
  return axis === 'y' && plot.top !== null ? Math.max(plot.top, above) : above;
}

/**
 * @param {Line} line
 * @param {(name: string) => string} color
 * @param {(color: string, alpha: number) => string} faded
 */
function seriesOf({ label, role, color: name, dash = 'solid', fill, axis = 'y' }, color, faded) {
  const stroke = color(name);
  const shade = { area: faded(stroke, 0.14), stack: faded(stroke, 0.55), peak: undefined };
  return {
    label,
    scale: axis,
    auto: !(role === 'limit' && label.endsWith('(above)')),
    stroke: fill === 'peak' ? faded(stroke, 0.45) : stroke,
    width: fill === 'peak' ? 1 : 1.75,
    dash: DASHES[dash],
    points: { show: false },
    ...(fill === undefined || shade[fill] === undefined ? {} : { fill: shade[fill] }),
  };
}
