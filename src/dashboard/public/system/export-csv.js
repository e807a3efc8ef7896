/** CSV of what the charts show. */
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
  const rows = inSight(data).map((i) => [
    csvTime(data.t[i] ?? 0),
    ...columns.map(({ values }) => rounded(values?.[i])),
  ]);
  return toCsv(['timestamp', ...columns.map(({ name }) => name)], rows);
}

/**
 * A mean has more digits than it means anything.
 * @param {number | null | undefined} value
 */
function rounded(value) {
  if (value === null || value === undefined) return value;
  return Math.abs(value) >= 1000 ? Math.round(value) : Math.round(value * 1000) / 1000;
}
