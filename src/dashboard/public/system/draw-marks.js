/** Events as lines in the charts. */

/** @typedef {import('./marks.js').Mark} Mark */

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
