/** What the supervisor knows of its processes, for an observation. */
import process from 'node:process';
import { CPU } from './gpu-devices.ts';
import { IMAGING } from './imaging-role.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { ModelEntry } from './model-entry.ts';
import type { ProcessView, ServerView } from './observe.ts';
import type { MonitorProcess } from './observer.ts';
import type { Residency } from './residency.ts';
import type { ImagingCalls, ImagingConfig } from '../contract/protocol.ts';

export type ViewedServer = {
  readonly imaging: ManagedProcess<ImagingCalls, ImagingConfig>;
  readonly monitor: MonitorProcess | null;
  readonly models: ReadonlyMap<string, ModelEntry>;
  readonly residency: Pick<Residency, 'view' | 'devices'>;
  /** Requests that wait for a process; null where nobody counts them. */
  readonly queueLength: (name: string) => number | null;
};

const ITSELF: ProcessView = {
  name: 'supervisor',
  device: CPU,
  state: 'ready',
  pid: process.pid,
  reserved: null,
  queue: null,
  inUse: null,
  restarts: 0,
};

export function serverView(server: ViewedServer): Omit<ServerView, 'at' | 'noDriver'> {
  const { imaging, monitor, models, residency } = server;
  return {
    processes: [
      ITSELF,
      { ...viewOf(imaging), queue: server.queueLength(IMAGING), inUse: imaging.child?.busy ?? null, reserved: null },
      ...(monitor === null ? [] : [{ ...viewOf(monitor), queue: null, inUse: null, reserved: null }]),
      ...[...models.values()].map((entry) => {
        const memory = residency.view(entry.name);
        return {
          ...viewOf(entry.process),
          device: entry.device,
          reserved: memory?.reservedBytes ?? null,
          queue: server.queueLength(entry.name),
          inUse: memory?.inUse ?? null,
        };
      }),
    ],
    budgets: residency.devices(),
  };
}

type Viewed = Pick<ModelEntry['process'], 'restarts'> & {
  readonly role: { readonly name: string };
  readonly state: { readonly state: string };
  readonly child: { readonly pid: number | undefined } | null;
};

function viewOf(viewed: Viewed): Pick<ProcessView, 'name' | 'device' | 'state' | 'pid' | 'restarts'> {
  const { role, state, child, restarts } = viewed;
  return { name: role.name, device: CPU, state: state.state, pid: child?.pid ?? null, restarts };
}
