/** One sample: the cards, the machine, the server's processes. */
import type { MonitorSample, SampleParams } from '../../src/contract/monitor.ts';
import { createHostReader } from '../../src/gpu/host-reading.ts';
import { procFiles } from '../../src/gpu/proc-files.ts';
import type { ProcFiles } from '../../src/gpu/proc-files.ts';
import { GpuSource } from './gpu-source.ts';
import { createProcessReader } from './processes.ts';

export type SamplerDeps = {
  /** As in MonitorConfig. */
  readonly nvmlLibrary: string;
  readonly files?: ProcFiles;
  /** Milliseconds from any fixed point. */
  readonly now?: () => number;
  /** Milliseconds since 1970. */
  readonly wall?: () => number;
};

export type Sampler = {
  sample(params: SampleParams): MonitorSample;
  /** Resolves when the driver is let go. */
  stop(): Promise<void>;
};

/** Opens nothing yet: a driver may hang, and then it must hang a call that has begun. */
export function createSampler(deps: SamplerDeps): Sampler {
  const { files = procFiles, now = () => performance.now(), wall = Date.now } = deps;
  const source = new GpuSource({ library: deps.nvmlLibrary, now, wall });
  const readHost = createHostReader(now, files);
  const readProcesses = createProcessReader(files);
  return {
    sample({ pids }) {
      const [began, at] = [now(), wall()];
      const gpus = source.sample();
      const asked = now();
      const [host, processes] = [readHost(), readProcesses(pids)];
      return { at, ...gpus, host, processes, tookMs: now() - began, nvmlMs: asked - began };
    },
    stop: () => source.stop(),
  };
}
