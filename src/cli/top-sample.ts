/** What `facepool top` shows: one look at the server, and the CPU between two of them. */
import { type ModelStatus, modelsAnswerSchema, type PlanAnswer, planSchema } from '../contract/results.ts';
import { readCommandLine, readCpuMs } from '../gpu/proc.ts';
import type { Client } from './client.ts';
import { modelPath } from './model-action.ts';

export type DeviceLine = {
  readonly device: string;
  /** Bytes; null: nothing limits the device yet. */
  readonly limit_bytes: number | null;
  readonly reserved_bytes: number;
  /** Held by other programs. */
  readonly foreign_bytes: number;
};

export type Sample = {
  /** Milliseconds, of the clock that was given. */
  readonly at: number;
  readonly models: readonly ModelStatus[];
  readonly devices: readonly DeviceLine[];
  /** Milliseconds of CPU by process id; without those that are not to be seen from here. */
  readonly cpuMs: ReadonlyMap<number, number>;
};

export type TopTools = {
  /** Null where the process is not to be seen. */
  readonly readCpuMs: (pid: number) => number | null;
  /** Milliseconds. */
  readonly now: () => number;
  /** Waits; false ends the command. */
  readonly tick: (ms: number) => Promise<boolean>;
};

/** Null for a number that means another process here: the server may run in a container, where pids are its own. */
export function readWorkerCpuMs(pid: number): number | null {
  const isWorker = readCommandLine(pid)?.some((word) => word.includes('/workers/')) ?? false;
  return isWorker ? readCpuMs(pid) : null;
}

export async function takeSample(client: Client, tools: TopTools): Promise<Sample> {
  const { models } = modelsAnswerSchema.parse(await client.json({ path: '/v1/models' }));
  const at = tools.now();
  const cpuMs = new Map<number, number>();
  for (const { pid } of models) {
    const ms = pid === null ? null : tools.readCpuMs(pid);
    if (pid !== null && ms !== null) cpuMs.set(pid, ms);
  }
  return { at, models, devices: await readDevices(client, models), cpuMs };
}

/** A plan for any model of a device tells how the device is. */
async function readDevices(client: Client, models: readonly ModelStatus[]): Promise<DeviceLine[]> {
  const one = new Map<string, string>();
  for (const { kind, name, device } of models) {
    if (kind === 'model' && device !== null && !one.has(device)) one.set(device, name);
  }
  return Promise.all(
    [...one.values()].map(async (name) => {
      const plan: PlanAnswer = planSchema.parse(await client.json({ path: `${modelPath(name)}/plan` }));
      const { device, limit_bytes, reserved_bytes, foreign_bytes } = plan;
      return { device, limit_bytes, reserved_bytes, foreign_bytes };
    }),
  );
}

/** Percent of one core between two samples; null where either does not know the process. */
export function cpuPercent(before: Sample | null, now: Sample, pid: number | null): number | null {
  const from = pid === null ? undefined : before?.cpuMs.get(pid);
  const to = pid === null ? undefined : now.cpuMs.get(pid);
  if (before === null || from === undefined || to === undefined || now.at <= before.at) return null;
  return Math.max(0, (100 * (to - from)) / (now.at - before.at));
}
