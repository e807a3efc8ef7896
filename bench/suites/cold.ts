/** Cold start: `fork` → first answer for every kind of worker, and start of the whole server → `/readyz` 200. */
import { join } from 'node:path';
import { DEFAULT_MODELS, importModel } from '../lib/graphs.ts';
import type { LoadedModel } from '../lib/graphs.ts';
import { interleave } from '../lib/order.ts';
import { end, forkModel, loadParams, startImaging } from '../lib/rig.ts';
import { median, percentile } from '../lib/stats.ts';
import { figure } from '../lib/table.ts';
import { startFacepool } from '../servers/facepool.ts';
import type { SuiteContext, SuiteResult } from './suite.ts';

type Start = { readonly name: string; readonly totalMs: number; readonly phasesMs: Readonly<Record<string, number>> };
type Starter = () => Promise<Start>;

/** The first answer is that of the golden probe: a real run whose output is checked. */
function modelStarter(model: LoadedModel): Starter {
  return async () => {
    const began = performance.now();
    const child = forkModel();
    try {
      await child.hello;
      const helloAt = performance.now();
      const loaded = await child.call('load', loadParams(model, 1));
      if (!loaded.golden.passed) throw new Error(loaded.golden.detail);
      const totalMs = performance.now() - began;
      return { name: model.manifest.name, totalMs, phasesMs: { boot: helloAt - began, ...loaded.phasesMs } };
    } finally {
      await end(child);
    }
  };
}

function imagingStarter(scratch: string): Starter {
  return async () => {
    const began = performance.now();
    const { child } = await startImaging(scratch);
    const totalMs = performance.now() - began;
    await end(child);
    return { name: 'imaging', totalMs, phasesMs: {} };
  };
}

/** With a data directory that has been used before, so that nothing is fetched or imported. */
function serverStarter(dataDir: string): Starter {
  return async () => {
    const server = await startFacepool(dataDir);
    await server.stop();
    return { name: 'whole server → /readyz 200', totalMs: server.readyMs, phasesMs: {} };
  };
}

function row(name: string, starts: readonly Start[]): string[] {
  const phases = Object.keys(starts[0]?.phasesMs ?? {}).map(
    (phase) => `${phase} ${figure(median(starts.map((s) => s.phasesMs[phase] ?? Number.NaN)))}`,
  );
  const totals = starts.map((s) => s.totalMs);
  return [
    name,
    String(starts.length),
    figure(median(totals)),
    figure(percentile(totals, 0.99)),
    phases.length === 0 ? '–' : phases.join(', '),
  ];
}

export async function coldSuite(context: SuiteContext): Promise<SuiteResult> {
  const { options, scratch, say } = context;
  const rounds = options.rounds ?? (options.quick ? 3 : 12);
  say('importing the graphs, and a first start that fills the data directory');
  const starters: Starter[] = [];
  for (const [name, version] of DEFAULT_MODELS) {
    starters.push(modelStarter(await importModel(name, version, join(scratch, 'graphs'))));
  }
  starters.push(imagingStarter(scratch), serverStarter(join(scratch, 'cold-data')));
  const starts = new Map<string, Start[]>();
  // The first round fills file caches and the data directory and is thrown away.
  for (const [round, turn] of interleave(starters, rounds + 1).entries()) {
    say(`round ${round} of ${rounds}`);
    for (const starter of turn) {
      const start = await starter();
      if (round > 0) starts.set(start.name, [...(starts.get(start.name) ?? []), start]);
    }
  }
  return {
    title: 'Cold start',
    note: `${rounds} starts of each, taking turns; files are in the page cache. A worker's first answer is its golden probe; before that every declared shape was warmed up (warm). Milliseconds.`,
    tables: [
      {
        caption: '`fork` → first answer',
        table: { head: ['process', 'n', 'p50', 'p99', 'phases'], rows: [...starts].map(([name, s]) => row(name, s)) },
      },
    ],
    raw: [...starts],
  };
}
