/** What `facepool top` shows: the last looks at the server, and how its figures went in the last minutes. */
import type { AlertAnswer, GpuAnswer, HistoryAnswer, StoredEvent } from '../contract/history.ts';
import { type ModelStatus, modelsAnswerSchema } from '../contract/results.ts';
import type { Point } from './chart.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { readAlerts, readEvents, readGpu, readHistory, understood } from './observatory.ts';

/** How far back the lines go. */
export const SPAN_S = 300;
/** Of the history that is fetched at the start. */
const HISTORY_STEP_S = 5;
const EVENTS = 8;

export type TopLook = {
  readonly gpu: GpuAnswer;
  readonly models: readonly ModelStatus[];
  readonly alerts: readonly AlertAnswer[];
  /** Oldest first. */
  readonly events: readonly StoredEvent[];
};

export async function look(client: Client): Promise<TopLook> {
  const [gpu, models, alerts, events] = await Promise.all([
    readGpu(client),
    client.json({ path: '/v1/models' }),
    readAlerts(client),
    readEvents(client, { limit: String(EVENTS) }),
  ]);
  return { gpu, models: understood(modelsAnswerSchema, models).models, alerts, events };
}

export const DEVICE_FIGURES = ['util', 'memory', 'temperature', 'power'] as const;
export const WORKER_FIGURES = ['cpu', 'memory'] as const;
type Figure = (typeof DEVICE_FIGURES)[number] | (typeof WORKER_FIGURES)[number];

/** Id of the CPU among the devices. */
export const CPU = 'cpu';

/** The figures of the last minutes, by device and worker. */
export class Recent {
  readonly #points = new Map<string, Point[]>();
  #last = 0;

  /** Seconds since 1970 of the newest entry. */
  get last(): number {
    return this.#last;
  }

  of(kind: 'device' | 'worker', name: string, figure: Figure): readonly Point[] {
    return this.#points.get(`${kind} ${name} ${figure}`) ?? [];
  }

  /** Where there is no history yet, or none that can be read, the lines begin now. */
  async load(client: Client): Promise<void> {
    const query = { from: `-${SPAN_S}s`, to: 'now', step: String(HISTORY_STEP_S), events: 'false' };
    try {
      this.addHistory(await readHistory(client, query));
    } catch (error) {
      if (!(error instanceof CliError) || error.problem === undefined) throw error;
    }
  }

  addHistory({ t, devices, workers }: HistoryAnswer): void {
    const all = (kind: 'device' | 'worker', name: string, figure: Figure, values: readonly (number | null)[]): void => {
      for (const [place, value] of values.entries()) this.#add(kind, name, figure, t[place] ?? 0, value);
    };
    for (const { id, columns } of devices) {
      all('device', id, 'util', columns.gpu_util);
      all('device', id, 'memory', columns.memory_used);
      all('device', id, 'temperature', columns.temperature);
      all('device', id, 'power', columns.power_draw);
    }
    for (const { name, device, columns } of workers) {
      all('worker', name, 'cpu', columns.cpu);
      all('worker', name, 'memory', device === CPU ? columns.memory : columns.gpu_memory);
    }
  }

  add({ at, gpus, host, workers }: GpuAnswer): void {
    const t = at === null ? 0 : Date.parse(at) / 1000;
    if (t <= this.#last) return;
    const one = (kind: 'device' | 'worker', name: string, figure: Figure, value: number | null): void =>
      this.#add(kind, name, figure, t, value);
    one('device', CPU, 'util', host?.cpu_util ?? null);
    one('device', CPU, 'memory', host?.memory_used ?? null);
    for (const gpu of gpus) {
      one('device', gpu.id, 'util', gpu.gpu_util);
      one('device', gpu.id, 'memory', gpu.memory_used);
      one('device', gpu.id, 'temperature', gpu.temperature);
      one('device', gpu.id, 'power', gpu.power_draw);
    }
    for (const worker of workers) {
      one('worker', worker.name, 'cpu', worker.cpu);
      one('worker', worker.name, 'memory', worker.device === CPU ? worker.memory : worker.gpu_memory);
    }
    this.#last = t;
  }

  #add(kind: 'device' | 'worker', name: string, figure: Figure, t: number, value: number | null): void {
    const key = `${kind} ${name} ${figure}`;
    const points = this.#points.get(key) ?? [];
    points.push({ t, value });
    const begin = Math.max(t, this.#last) - SPAN_S;
    while ((points[0]?.t ?? begin) < begin) points.shift();
    this.#points.set(key, points);
    this.#last = Math.max(this.#last, t);
  }
}
