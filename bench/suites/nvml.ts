/** What a sample of the monitor costs besides the driver: a library that answers at once, real processes to look at. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createHostReader } from '../../src/gpu/host-reading.ts';
import { procFiles } from '../../src/gpu/proc-files.ts';
import { readProcess, readPss } from '../../src/gpu/process-reading.ts';
import { buildFakeNvml, fakeGpu, noFakeNvml, scriptFile } from '../../test/fixtures/nvml/fake-nvml.ts';
import { Card } from '../../workers/monitor/card.ts';
import { GpuSource } from '../../workers/monitor/gpu-source.ts';
import type { NvmlApi, NvmlCall } from '../../workers/monitor/nvml-api.ts';
import { createOpener } from '../../workers/monitor/nvml-session.ts';
import { readWord } from '../../workers/monitor/nvml-values.ts';
import { createProcessLists } from '../../workers/monitor/process-lists.ts';
import { createSampler } from '../../workers/monitor/sampler.ts';
import { median, percentile } from '../lib/stats.ts';
import { figure } from '../lib/table.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

const WORKERS = 5;
const CARDS = [1, 8];
/** About what a worker with a model holds. */
const WORKER_MB = 300;

/** Microseconds of each of `count` runs, after as many to warm up. */
function time(count: number, run: () => unknown): number[] {
  for (let i = 0; i < count; i++) run();
  return Array.from({ length: count }, () => {
    const began = performance.now();
    run();
    return (performance.now() - began) * 1000;
  });
}

/** Programs that hold memory and wait. */
async function startWorkers(): Promise<ChildProcess[]> {
  const program = `const held = Buffer.alloc(${WORKER_MB} * 1024 * 1024, 1); process.stdin.resume(); console.log(held.length)`;
  const workers = Array.from({ length: WORKERS }, () => {
    return spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  });
  await Promise.all(workers.map((worker) => once(worker.stdout ?? worker, 'data')));
  return workers;
}

function writeScript(scratch: string, cards: number, pids: readonly number[]): void {
  const script = scriptFile(mkdtempSync(join(scratch, 'nvml-')));
  const compute = pids.map((pid) => ({ pid, memory: 1e9 }));
  const samples = pids.map((pid) => ({ pid, sm: 20 }));
  script.write({ driver: '580', gpus: Array.from({ length: cards }, (_, i) => fakeGpu(i, { compute, samples })) });
  Object.assign(process.env, script.env, { FAKE_NVML_FROZEN: '1' });
}

/** How often NVML is called for one card in a usual sample, and what one call takes, microseconds. */
function callsPerCard(library: string, count: number): { calls: number; callUs: number } {
  const opened = createOpener(library)();
  if ('state' in opened) throw new Error(opened.detail);
  let calls = 0;
  const counting = (call: NvmlCall | null): NvmlCall | null =>
    call === null
      ? null
      : (...args) => {
          calls += 1;
          return call(...args);
        };
  const api = new Proxy(opened.api, {
    get(target, key: keyof NvmlApi) {
      if (key === 'processes') return target.processes.map(({ v3, v2, v1 }) => ({ v3: counting(v3), v2, v1 }));
      return key === 'eventWait' || key === 'unload' ? target[key] : counting(target[key]);
    },
  });
  const found = opened.cards[0];
  if (found === undefined || found.handle === null) throw new Error('no card');
  const card = new Card(found);
  const lists = createProcessLists(api, null);
  card.read(api, lists, Date.now(), false);
  // MIG devices were looked for, which is not done every time.
  calls = 0;
  card.read(api, lists, Date.now(), false);
  const handle = found.handle;
  const callUs = median(time(count, () => readWord(opened.api.power, handle)));
  opened.close();
  return { calls, callUs };
}

export async function nvmlSuite({ options, scratch, say }: SuiteContext): Promise<SuiteResult> {
  const unable = await noFakeNvml();
  if (unable !== false) throw new Error(unable);
  const count = options.quick ? 200 : 2000;
  const library = await buildFakeNvml();
  const workers = await startWorkers();
  const pids = workers.flatMap((worker) => worker.pid ?? []);
  const cell = (times: readonly number[]): string => `${figure(median(times))} / ${figure(percentile(times, 0.99))}`;
  try {
    const cards: { cards: number; us: number[]; perCard: number; calls: number; callsUs: number }[] = [];
    for (const number of CARDS) {
      say(`nvml, ${number} cards`);
      writeScript(scratch, number, pids);
      const { calls, callUs } = callsPerCard(library, count);
      const source = new GpuSource({ library, now: () => performance.now(), wall: Date.now });
      const us = time(count, () => source.sample());
      await source.stop();
      const all = calls * number;
      cards.push({ cards: number, us, perCard: median(us) / number, calls: all, callsUs: all * callUs });
    }
    say('nvml, /proc');
    const readHost = createHostReader(() => performance.now());
    const sampler = createSampler({ nvmlLibrary: 'off' });
    const proc = {
      machine: time(count, readHost),
      process: time(count, () => readProcess(pids[0] ?? 0, procFiles)),
      pss: time(Math.ceil(count / 20), () => readPss(pids[0] ?? 0, procFiles)),
      sample: time(Math.ceil(count / 10), () => sampler.sample({ pids })),
    };
    return {
      title: 'A sample of the monitor',
      note: `${count} samples one after the other, of a library that answers at once; ${WORKERS} processes of ${WORKER_MB} MB, which are on every card. Microseconds, p50 / p99.`,
      tables: [
        {
          caption: 'NVML through koffi, joined into readings; "in calls" is their number times one call',
          table: {
            head: ['cards', 'all', 'per card', 'calls', 'in calls'],
            rows: cards.map((it) => {
              return [String(it.cards), cell(it.us), figure(it.perCard), String(it.calls), figure(it.callsUs)];
            }),
          },
        },
        {
          caption: '/proc and control groups; PSS is read for one process per sample',
          table: {
            head: ['what', 'µs'],
            rows: [
              ['the machine', cell(proc.machine)],
              ['one process, without PSS', cell(proc.process)],
              ['PSS of one process', cell(proc.pss)],
              [`a whole sample without GPUs, ${WORKERS} processes`, cell(proc.sample)],
            ],
          },
        },
      ],
      raw: { cards, proc },
    };
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
}
