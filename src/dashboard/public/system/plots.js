/** Which charts there are for what was measured, with their series. No drawing here. */

/** @typedef {import('./history-data.js').Data} Data */
/** @typedef {import('./history-data.js').Column} Column */
/** @typedef {import('./history-data.js').Columns} Columns */
/** @typedef {'percent' | 'bytes' | 'celsius' | 'watt'} Unit */
/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} color name of a colour of the page
 * @property {Column} values
 * @property {'y' | 'y2'} [axis] left or right
 * @property {'solid' | 'dashed' | 'dotted'} [dash]
 * @property {'area' | 'peak' | 'stack'} [fill] area: down to 0; peak: the thin line of the largest value; stack: down to the line below
 * @property {Column} [own] of a stack: the values before they were added up
 * @property {'limit'} [role] a limit, not a measurement
 */
/**
 * @typedef {object} Plot
 * @property {string} id
 * @property {string} title
 * @property {Unit} unit of the left axis
 * @property {Unit} [unit2]
 * @property {number | null} top the axis reaches at least this; null: as high as the figures
 * @property {Line[]} lines
 */
/** @typedef {{ id: string, kind: 'device' | 'memory' | 'worker', title: string, subtitle: string, plots: Plot[], missing: string[] }} Group */

const SERIES_COLORS = ['s1', 's2', 's3', 's4', 's5', 's6', 's7'];

/** @param {Column | undefined} values */
export function hasValues(values) {
  return values !== undefined && values.some((value) => value !== null);
}

/** @param {Column | undefined} values */
export function lastOf(values) {
  return values?.findLast((value) => value !== null) ?? null;
}

/** @param {Data} data @returns {Group[]} devices, then memory by model, then processes */
export function groupsOf(data) {
  const titles = titlesOf(data.devices);
  const colors = new Map(data.workers.map(({ name }, i) => [name, SERIES_COLORS[i % SERIES_COLORS.length] ?? 's1']));
  return [
    ...data.devices.map((device) => deviceGroup(device, titles)),
    ...data.devices.flatMap((device) => memoryGroup(device, data, colors, titles)),
    ...data.workers.map((worker) => workerGroup(worker, titles, colors.get(worker.name) ?? 's1')),
  ];
}

/**
 * Names of devices by id; those of two equal cards have the begin of their ids.
 * @param {readonly import('./history-data.js').Device[]} devices
 * @returns {Map<string, string>}
 */
export function titlesOf(devices) {
  const isShared = (/** @type {string} */ name) => devices.filter((device) => device.name === name).length > 1;
  return new Map(devices.map(({ id, name }) => [id, isShared(name) ? `${name} (${id.slice(0, 12)})` : name]));
}

/**
 * @param {import('./history-data.js').Device} device
 * @param {ReadonlyMap<string, string>} titles
 * @returns {Group}
 */
function deviceGroup({ id, kind, name, columns }, titles) {
  const wanted = /** @type {const} */ ([
    { column: 'gpu_util', title: 'Utilisation', label: 'busy', unit: 'percent', color: 's1', top: 100, limit: null },
    {
      column: 'memory_used',
      title: 'Memory',
      label: 'used',
      unit: 'bytes',
      color: 's3',
      top: null,
      limit: 'memory_total',
    },
    { column: 'temperature', title: 'Temperature', label: 'mean', unit: 'celsius', color: 's2', top: 60, limit: null },
    {
      column: 'power_draw',
      title: 'Power',
      label: 'drawn',
      unit: 'watt',
      color: 's4',
      top: null,
      limit: 'power_limit',
    },
  ]);
  const plots = wanted.flatMap(({ column, title, label, unit, color, top, limit }) => {
    const values = columns[column];
    if (values === undefined || !hasValues(values)) return [];
    /** @type {Line[]} */
    const lines = [{ label, color, values, fill: 'area' }];
    const peak = columns[`${column}_max`];
    if (peak !== undefined && peak.some((value, i) => value !== null && value !== values[i])) {
      lines.push({ label: 'peak', color, values: peak, fill: 'peak' });
    }
    const most = limit === null ? undefined : columns[limit];
    if (most !== undefined && hasValues(most)) {
      lines.push({
        label: limit === 'memory_total' ? 'total' : 'limit',
        color: 'other',
        values: most,
        dash: 'dashed',
        role: 'limit',
      });
    }
    return [{ id: `${id}:${column}`, title, unit, top, lines }];
  });
  const missing = wanted.filter(({ column }) => !hasValues(columns[column])).map(({ title }) => title.toLowerCase());
  return {
    id,
    kind: 'device',
    title: titles.get(id) ?? name,
    subtitle: kind === 'gpu' ? id : 'the cores and memory that may be used',
    plots,
    missing,
  };
}

/**
 * Memory of each model, one on top of the other, then what other programs hold, against the budget.
 * @param {import('./history-data.js').Device} device
 * @param {Data} data
 * @param {ReadonlyMap<string, string>} colors
 * @param {ReadonlyMap<string, string>} titles
 * @returns {Group[]} none where no model is on the device
 */
function memoryGroup({ id, name, kind, columns }, data, colors, titles) {
  const models = data.workers.filter((worker) => worker.device === id && hasValues(worker.columns['reserved']));
  if (models.length === 0) return [];
  const own = models.map(({ name: label, columns: worker }) => ({
    label,
    color: colors.get(label) ?? 's1',
    // What a GPU does not tell for each process is known as what was kept for it.
    values: memoryOf(worker, kind),
  }));
  const foreign = columns['foreign'];
  if (foreign !== undefined && hasValues(foreign))
    own.push({ label: 'other programs', color: 'other', values: foreign });
  const lines = stacked(own, data.t.length);
  const budget = columns['budget'];
  if (budget !== undefined && hasValues(budget)) {
    const label = isFarAbove(budget, lines[0]?.values ?? []) ? 'budget (above)' : 'budget';
    lines.push({ label, color: 'text', values: budget, dash: 'dashed', role: 'limit' });
  }
  /** @type {Plot} */
  const plot = { id: `${id}:models`, title: 'Memory by model', unit: 'bytes', top: null, lines };
  return [
    {
      id: `${id}:models`,
      kind: 'memory',
      title: `Memory by model: ${titles.get(id) ?? name}`,
      subtitle: kind === 'gpu' ? id : '',
      plots: [plot],
      missing: [],
    },
  ];
}

/**
 * @param {Columns} columns
 * @param {'cpu' | 'gpu'} kind
 * @returns {Column}
 */
function memoryOf(columns, kind) {
  const measured = kind === 'gpu' ? columns['gpu_memory'] : columns['memory'];
  return (hasValues(measured) ? measured : columns['reserved']) ?? [];
}

/** A limit so many times higher than the figures is left out of sight: they would be a line at the bottom. */
const FAR = 4;

/**
 * @param {Column} limit
 * @param {Column} values
 */
export function isFarAbove(limit, values) {
  const most = (/** @type {Column} */ column) => column.reduce((max, value) => Math.max(max ?? 0, value ?? 0), 0) ?? 0;
  return most(values) > 0 && most(limit) > FAR * most(values);
}

/**
 * Lines added up, the topmost first so that each is filled down to the next. What is not known counts as nothing; where
 * nothing at all is known there is a gap.
 * @param {readonly { label: string, color: string, values: Column }[]} parts the lowest first
 * @param {number} length
 * @returns {Line[]}
 */
export function stacked(parts, length) {
  const sum = new Array(length).fill(0);
  const isGap = Array.from({ length }, (_, i) => parts.every(({ values }) => (values[i] ?? null) === null));
  const lines = parts.map(({ label, color, values }) => {
    const added = sum.map((before, i) => {
      sum[i] = before + (values[i] ?? 0);
      return isGap[i] ? null : sum[i];
    });
    return { label, color, values: added, own: values, fill: /** @type {const} */ ('stack') };
  });
  return lines.reverse();
}

/**
 * @param {import('./history-data.js').Worker} worker
 * @param {ReadonlyMap<string, string>} titles
 * @param {string} color
 * @returns {Group}
 */
function workerGroup({ name, device, columns }, titles, color) {
  /** @type {Line[]} */
  const lines = [];
  const { cpu, memory, gpu_memory: gpuMemory } = columns;
  if (cpu !== undefined && hasValues(cpu)) lines.push({ label: 'CPU', color, values: cpu, fill: 'area' });
  if (memory !== undefined && hasValues(memory)) {
    lines.push({ label: 'memory', color: 'muted', values: memory, axis: 'y2', dash: 'dashed' });
  }
  if (gpuMemory !== undefined && hasValues(gpuMemory)) {
    lines.push({ label: 'GPU memory', color: 'other', values: gpuMemory, axis: 'y2', dash: 'dotted' });
  }
  /** @type {Plot} */
  const plot = { id: `worker:${name}`, title: 'CPU and memory', unit: 'percent', unit2: 'bytes', top: 100, lines };
  return {
    id: `worker:${name}`,
    kind: 'worker',
    title: name,
    subtitle: `on ${titles.get(device) ?? device}`,
    plots: lines.length === 0 ? [] : [plot],
    missing: lines.length === 0 ? ['CPU and memory'] : [],
  };
}
