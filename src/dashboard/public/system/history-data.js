/** What the charts show: the answer of `GET /v1/history`, and what `GET /v1/gpu` adds to it second by second. */

/** @import { DeviceHistory, GpuAnswer, HistoryAnswer, StoredEvent, WorkerHistory } from '../../../contract/history.ts' */
/** @typedef {(number | null)[]} Column */
/** @typedef {Record<string, Column>} Columns */
/** @typedef {{ id: string, kind: 'cpu' | 'gpu', name: string, columns: Columns }} Device */
/** @typedef {{ name: string, device: string, columns: Columns }} Worker */
/**
 * @typedef {object} Data
 * @property {number} from seconds since 1970: what is shown, which may begin before there is anything
 * @property {number} to
 * @property {number} stepS
 * @property {number[]} t
 * @property {Device[]} devices
 * @property {Worker[]} workers
 * @property {StoredEvent[]} events oldest first
 */

/** So many steps without an entry are a gap, which is shown as one. */
const GAP_STEPS = 2.5;

/**
 * @param {HistoryAnswer} answer
 * @returns {Data}
 */
export function fromAnswer(answer) {
  const { t, at } = withGaps(answer.t, answer.step_s);
  const spread = (/** @type {DeviceHistory['columns'] | WorkerHistory['columns']} */ columns) =>
    Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [name, at.map((i) => (i < 0 ? null : (values[i] ?? null)))]),
    );
  return {
    from: Date.parse(answer.from) / 1000,
    to: Date.parse(answer.to) / 1000,
    stepS: answer.step_s,
    t,
    devices: answer.devices.map((device) => ({ ...device, columns: spread(device.columns) })),
    workers: answer.workers.map((worker) => ({ ...worker, columns: spread(worker.columns) })),
    events: [...answer.events].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/**
 * Times with an entry more in every gap.
 * @param {readonly number[]} times
 * @param {number} stepS
 * @returns {{ t: number[], at: number[] }} at: index into `times`, −1 in a gap
 */
export function withGaps(times, stepS) {
  /** @type {number[]} */
  const t = [];
  /** @type {number[]} */
  const at = [];
  times.forEach((time, index) => {
    const before = times[index - 1];
    if (before !== undefined && time - before > GAP_STEPS * stepS) {
      t.push(before + stepS);
      at.push(-1);
    }
    t.push(time);
    at.push(index);
  });
  return { t, at };
}

/**
 * Adds one reading at the end and drops what is too old.
 * @param {Data} data changed in place
 * @param {GpuAnswer} answer
 * @param {number} windowS
 * @param {number} sampleS seconds between two readings: more than a few of them without one is a gap
 * @returns {boolean} false: this reading was there already
 */
export function append(data, answer, windowS, sampleS = 1) {
  if (answer.at === null) return false;
  const time = Date.parse(answer.at) / 1000;
  const last = data.t.at(-1);
  if (last !== undefined && time <= last) return false;
  if (last !== undefined && time - last > GAP_STEPS * Math.max(sampleS, data.stepS)) {
    push(data, last + sampleS, new Map(), new Map());
  }
  const devices = devicesOf(answer);
  const workers = new Map(answer.workers.map((worker) => [worker.name, workerColumns(worker)]));
  for (const device of devices.values()) {
    if (!data.devices.some(({ id }) => id === device.id)) data.devices.push({ ...device, columns: {} });
  }
  for (const { name, device } of answer.workers) {
    if (!data.workers.some((worker) => worker.name === name)) data.workers.push({ name, device, columns: {} });
  }
  push(data, time, new Map([...devices].map(([id, device]) => [id, device.figures])), workers);
  data.to = time;
  data.from = time - windowS;
  dropOld(data);
  return true;
}

/**
 * @param {Data} data
 * @param {number} time
 * @param {ReadonlyMap<string, Record<string, number | null>>} devices by id
 * @param {ReadonlyMap<string, Record<string, number | null>>} workers by name
 */
function push(data, time, devices, workers) {
  const before = data.t.length;
  data.t.push(time);
  for (const device of data.devices) pushRow(device.columns, before, devices.get(device.id) ?? {});
  for (const worker of data.workers) pushRow(worker.columns, before, workers.get(worker.name) ?? {});
}

/**
 * @param {Columns} columns
 * @param {number} length before this entry
 * @param {Record<string, number | null>} figures
 */
function pushRow(columns, length, figures) {
  for (const name of new Set([...Object.keys(columns), ...Object.keys(figures)])) {
    columns[name] ??= new Array(length).fill(null);
    columns[name].push(figures[name] ?? null);
  }
}

/** @param {Data} data */
function dropOld(data) {
  const first = data.t.findIndex((time) => time >= data.from);
  // One more on the left, so that the lines reach the edge; in batches, for it costs a copy of everything.
  const drop = first - 1;
  if (drop < 30) return;
  data.t.splice(0, drop);
  for (const { columns } of [...data.devices, ...data.workers]) {
    for (const column of Object.values(columns)) column.splice(0, drop);
  }
  data.events = data.events.filter((event) => Date.parse(event.at) / 1000 >= data.from);
}

/**
 * @param {GpuAnswer} answer
 * @returns {Map<string, { id: string, kind: 'cpu' | 'gpu', name: string, figures: Record<string, number | null> }>}
 */
function devicesOf({ host, gpus }) {
  const devices = new Map();
  if (host !== null) {
    const figures = {
      gpu_util: host.cpu_util,
      gpu_util_max: host.cpu_util,
      memory_used: host.memory_used,
      memory_used_max: host.memory_used,
      memory_total: host.memory_total,
      budget: host.budget,
      reserved: host.reserved,
      foreign: host.foreign,
    };
    devices.set('cpu', { id: 'cpu', kind: 'cpu', name: 'CPU', figures });
  }
  for (const gpu of gpus) {
    const { gpu_util, memory_util, memory_used, memory_total, temperature, power_draw, power_limit } = gpu;
    const { sm_clock, memory_clock, budget, reserved, foreign } = gpu;
    const figures = {
      ...{ gpu_util, memory_util, memory_used, memory_total, temperature, power_draw, power_limit },
      ...{ sm_clock, memory_clock, budget, reserved, foreign },
      gpu_util_max: gpu_util,
      memory_used_max: memory_used,
      temperature_max: temperature,
      power_draw_max: power_draw,
    };
    devices.set(gpu.id, { id: gpu.id, kind: 'gpu', name: gpu.name ?? `GPU ${gpu.index}`, figures });
  }
  return devices;
}

/** @param {GpuAnswer['workers'][number]} worker */
function workerColumns({ cpu, memory, gpu_memory, reserved, queue, in_use, major_faults, switches, fds }) {
  const plain = { cpu, memory, gpu_memory, reserved, queue, in_use, major_faults, switches, fds };
  return { ...plain, cpu_max: cpu, memory_max: memory, gpu_memory_max: gpu_memory, queue_max: queue };
}
