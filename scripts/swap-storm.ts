/**
 * `npm run swap-storm -- [--swaps 60] [--requests 10000] [--seed 1] [--control] [--write]`: versions change under load, a
 * quarter of them to a broken one; exit code 1 when anybody was failed, or answered by who should not, or had to wait too
 * long. `--control`: a second server gets as many requests without a swap, to tell what grows by traffic alone.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceRegion } from '../bench/lib/document.ts';
import { describeMachine, machineLine } from '../bench/lib/machine.ts';
import { percentile } from '../bench/lib/stats.ts';
import { figure, markdown } from '../bench/lib/table.ts';
import { totalMb } from '../test/e2e/support/swap-memory.ts';
import { PHASES, type PhaseName, type StormResult, swapStorm } from '../test/e2e/support/swap-storm.ts';
import type { SwapFact } from '../test/e2e/support/swap-step.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/reliability.md', import.meta.url));
const MAX_SWAPS = 200;
const MAX_REQUESTS = 100_000;
/** p99 while versions change ÷ p99 while none does. */
const MOST_RATIO = 1.5;
const MEANING: Readonly<Record<PhaseName, string>> = {
  steady: 'nothing changes',
  staging: 'a version is uploaded, checked, imported, tried',
  trial: 'a canary or shadow serves beside the stable version',
  swap: 'a version is loaded and proven, and the switch',
};

function grouped(facts: readonly SwapFact[], key: (fact: SwapFact) => string): [string, readonly SwapFact[]][] {
  const groups = Map.groupBy(facts, key);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Milliseconds: median and most. */
function times(ms: readonly number[]): [string, string] {
  return ms.length === 0 ? ['–', '–'] : [figure(percentile(ms, 0.5)), figure(Math.max(...ms))];
}

function ratioOf({ latency }: StormResult): number {
  const changing = [...(latency.get('swap') ?? []), ...(latency.get('trial') ?? [])];
  return percentile(changing, 0.99) / percentile(latency.get('steady') ?? [], 0.99);
}

function isGood(result: StormResult): boolean {
  const { failed, wrong, strangers, memory, leftInStaging } = result;
  const none = failed.length + wrong.length + strangers.length + leftInStaging.length === 0;
  return none && memory[0].processes === memory[1].processes && ratioOf(result) <= MOST_RATIO;
}

const PARTS = ['supervisor', 'imaging', 'models', 'monitor'] as const;

/** @param control of a server whose versions did not change; null where there was none */
function memoryTable([before, after]: StormResult['memory'], control: StormResult['memory'] | null): string {
  const all = [before, after, ...(control ?? [])];
  return markdown({
    head: ['memory (PSS), MB', 'before', 'after', ...(control === null ? [] : ['without swaps: before', 'after'])],
    rows: [
      ...PARTS.map((part) => [part, ...all.map(({ mb }) => figure(mb[part]))]),
      ['all', ...all.map((one) => figure(totalMb(one)))],
    ],
  });
}

function tables(result: StormResult, control: StormResult | null): string {
  const { swaps, latency } = result;
  const [before, after] = result.memory;
  const broken = swaps.filter(({ plan }) => plan.fault !== null);
  const sound = swaps.filter(({ plan }) => plan.fault === null);
  const facts = markdown({
    head: ['what', 'count'],
    rows: [
      ['seconds', figure(result.seconds)],
      ['swaps, of them to a broken version', `${swaps.length}, ${broken.length}`],
      ['requests', String(result.requests)],
      ['failed', String(result.failed.length)],
      ['answered wrongly', String(result.wrong.length)],
      ['answered by a version outside the two allowed', String(result.strangers.length)],
      ['p99 while versions change ÷ p99 while none does', ratioOf(result).toFixed(2)],
      ['processes, before → after', `${before.processes} → ${after.processes}`],
      ['files left where uploads are received', String(result.leftInStaging.length)],
    ],
  });
  const steady = percentile(latency.get('steady') ?? [], 0.99);
  const phases = markdown({
    head: ['requests while', 'n', 'p50 ms', 'p99 ms', '÷ steady'],
    rows: PHASES.map((phase) => {
      const ms = latency.get(phase) ?? [];
      const p99 = percentile(ms, 0.99);
      return [MEANING[phase], String(ms.length), figure(percentile(ms, 0.5)), figure(p99), (p99 / steady).toFixed(2)];
    }),
  });
  const memory = memoryTable(result.memory, control?.memory ?? null);
  const kinds = markdown({
    head: ['sound version', 'n', 'proven: p50 ms', 'max', 'way back: p50 ms', 'max'],
    rows: grouped(sound, ({ plan }) => plan.kind).map(([kind, some]) => [
      kind,
      String(some.length),
      ...times(some.map(({ ms }) => ms)),
      ...times(some.flatMap(({ backMs }) => backMs ?? [])),
    ]),
  });
  const faults = markdown({
    head: ['broken version', 'n', 'ended', 'p50 ms', 'max'],
    rows: grouped(broken, ({ plan, end }) => `${plan.fault}\0${end}`).map(([key, some]) => {
      const [fault = '', end = ''] = key.split('\0');
      return [fault, String(some.length), end, ...times(some.map(({ ms }) => ms))];
    }),
  });
  return [facts, phases, memory, kinds, faults].join('\n\n');
}

function count(text: string, name: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`--${name} is a number up to ${most}`);
  return value;
}

const { values } = parseArgs({
  options: {
    swaps: { type: 'string', default: '60' },
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    control: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const swaps = count(values.swaps, 'swaps', MAX_SWAPS);
const requests = count(values.requests, 'requests', MAX_REQUESTS);
const machine = describeMachine();
const say = (line: string): void => void process.stderr.write(`swap-storm: ${line}\n`);
const seed = Number(values.seed);
const result = await swapStorm({ swaps, requests, seed }, say);
const control = values.control ? await swapStorm({ swaps: 0, requests, seed }, say) : null;
for (const what of [...result.failed, ...result.wrong, ...result.strangers].slice(0, 20)) say(what);
const command = `npm run swap-storm -- --swaps ${swaps} --requests ${requests} --seed ${seed}${control === null ? '' : ' --control'}`;
const text = `\`${command}\`; ${machineLine(machine)}\n\n${tables(result, control)}`;
process.stdout.write(`${text}\n`);
if (values.write) {
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '# Reliability\n';
  writeFileSync(DOCUMENT, replaceRegion(before, 'swap-storm', text));
}
if (!isGood(result)) process.exitCode = 1;
