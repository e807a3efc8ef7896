/** Memory of a server, process by process. */
import { readFileSync } from 'node:fs';
import { descendants } from './proc.ts';

export type ServerMemory = {
  readonly processes: number;
  /** Megabytes: proportional set sizes, so that what processes share counts once. */
  readonly mb: Readonly<Record<'supervisor' | 'imaging' | 'models' | 'monitor', number>>;
};

export function serverMemory(server: number): ServerMemory {
  const children = descendants(server);
  const sum = (entry: string): number =>
    children.filter(({ command }) => command.includes(`/workers/${entry}`)).reduce((mb, { pid }) => mb + pssOf(pid), 0);
  return {
    processes: children.length + 1,
    mb: {
      supervisor: pssOf(server),
      imaging: sum('imaging/main.ts'),
      models: sum('main.ts'),
      monitor: sum('monitor.ts'),
    },
  };
}

export function totalMb({ mb }: ServerMemory): number {
  return Object.values(mb).reduce((sum, part) => sum + part, 0);
}

function pssOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return (Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024) / 1e6;
  } catch {
    // It ended meanwhile.
    return 0;
  }
}
