/** On what the figures were made. */
import os from 'node:os';
import process from 'node:process';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

function packageVersion(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: new URL('../../', import.meta.url) })
      .toString()
      .trim();
  } catch {
    return 'unknown';
  }
}

export type Machine = {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly loadBefore: number;
  readonly node: string;
  readonly onnxruntime: string;
  readonly sharp: string;
  readonly commit: string;
};

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    loadBefore: os.loadavg()[0] ?? 0,
    node: process.version,
    onnxruntime: packageVersion('onnxruntime-node'),
    sharp: packageVersion('sharp'),
    commit: commit(),
  };
}

/** One sentence for the head of a table. */
export function machineLine(machine: Machine): string {
  const { date, cpu, cores, loadBefore, node, onnxruntime, sharp } = machine;
  return `${date}, ${cores} cores (${cpu}), Node ${node}, onnxruntime-node ${onnxruntime}, sharp ${sharp}, commit ${machine.commit}, load average before the run ${loadBefore.toFixed(1)}.`;
}
