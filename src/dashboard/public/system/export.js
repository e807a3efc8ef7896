/** CSV and PNG of what the charts show. */
import { csvTime, toCsv } from '../lib/csv.js';

/** @typedef {import('./history-data.js').Data} Data */
/** @typedef {import('./plots.js').Group} Group */

/** Column of the monitoring document → of the history. */
const DOCUMENT_COLUMNS = ['gpu_util', 'memory_used', 'memory_total', 'temperature', 'power_draw'];
const WORKER_COLUMNS = ['cpu', 'memory', 'gpu_memory', 'reserved', 'queue', 'in_use'];

/**
 * Indices of the entries that are in sight.
 * @param {Data} data
 */
function inSight({ t, from, to }) {
  return t.flatMap((time, i) => (time >= from && time <= to ? [i] : []));
}

/**
 * One group. A device has the columns of the monitoring document, `timestamp,gpu_util,memory_used,…`.
 * @param {Data} data
 * @param {Group} group
 */
export function groupCsv(data, group) {
  const device = data.devices.find(({ id }) => id === group.id);
  if (device !== undefined)
    return columnsCsv(
      data,
      DOCUMENT_COLUMNS.map((name) => ({ name, values: device.columns[name] })),
    );
  const worker = data.workers.find(({ name }) => group.id === `worker:${name}`);
  if (worker !== undefined)
    return columnsCsv(
      data,
      WORKER_COLUMNS.map((name) => ({ name, values: worker.columns[name] })),
    );
  // Stacked lines are listed from the top; a reader expects the models first, and each by itself.
  const lines = [...(group.plots[0]?.lines ?? [])];
  const parts = [
    ...lines.filter(({ own }) => own !== undefined).reverse(),
    ...lines.filter(({ own }) => own === undefined),
  ];
  return columnsCsv(
    data,
    parts.map(({ label, own, values }) => ({ name: label, values: own ?? values })),
  );
}

/**
 * Everything in one table: each column is named after its device or process.
 * @param {Data} data
 */
export function allCsv(data) {
  const devices = data.devices.flatMap(({ id, columns }) =>
    [...DOCUMENT_COLUMNS, 'budget', 'reserved', 'foreign'].map((name) => ({
      name: `${id} ${name}`,
      values: columns[name],
    })),
  );
  const workers = data.workers.flatMap(({ name: worker, columns }) =>
    WORKER_COLUMNS.map((name) => ({ name: `${worker} ${name}`, values: columns[name] })),
  );
  return columnsCsv(data, [...devices, ...workers]);
}

/**
 * @param {Data} data
 * @param {readonly { name: string, values: readonly (number | null)[] | undefined }[]} columns
 */
function columnsCsv(data, columns) {
  const rows = inSight(data).map((i) => [csvTime(data.t[i] ?? 0), ...columns.map(({ values }) => values?.[i])]);
  return toCsv(['timestamp', ...columns.map(({ name }) => name)], rows);
}

const WIDTH = 900;
const HEAD = 34;
const GAP = 16;

/**
 * Charts below each other with their titles.
 * @param {readonly { title: string, charts: readonly { canvas: () => HTMLCanvasElement | null, element: HTMLElement }[] }[]} groups
 * @param {(name: string) => string} color
 * @returns {HTMLCanvasElement}
 */
export function chartsPng(groups, color) {
  const parts = groups.flatMap(({ title, charts }) =>
    charts.flatMap(({ canvas, element }) => {
      const source = canvas();
      const name = element.querySelector('h4')?.textContent ?? '';
      const legend = element.querySelector('.legend')?.textContent ?? '';
      return source === null
        ? []
        : [{ source, text: `${title}: ${name}`, legend, height: (source.height / source.width) * WIDTH }];
    }),
  );
  const ratio = Math.max(1, devicePixelRatio || 1);
  const canvas = document.createElement('canvas');
  const height = parts.reduce((sum, part) => sum + HEAD + part.height + GAP, GAP);
  canvas.width = Math.round((WIDTH + 2 * GAP) * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  context.scale(ratio, ratio);
  context.fillStyle = color('card');
  context.fillRect(0, 0, WIDTH + 2 * GAP, height);
  context.textBaseline = 'middle';
  let y = GAP;
  for (const { source, text, legend, height: tall } of parts) {
    context.fillStyle = color('text');
    context.font = '600 15px system-ui, sans-serif';
    context.textAlign = 'left';
    context.fillText(text, GAP, y + HEAD / 2);
    context.fillStyle = color('muted');
    context.font = '13px system-ui, sans-serif';
    context.textAlign = 'right';
    context.fillText(legend, GAP + WIDTH, y + HEAD / 2);
    context.drawImage(source, GAP, y + HEAD, WIDTH, tall);
    y += HEAD + tall + GAP;
  }
  return canvas;
}
