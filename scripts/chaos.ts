/** `npm run chaos -- [--minutes 3] [--seed 1] [--write]`: the server under load and disturbance; exit code 1 when it failed anybody. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceRegion } from '../bench/lib/document.ts';
import { describeMachine, machineLine } from '../bench/lib/machine.ts';
import { percentile } from '../bench/lib/stats.ts';
import { figure, markdown } from '../bench/lib/table.ts';
import { chaos, type ChaosResult } from '../test/e2e/support/chaos.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/reliability.md', import.meta.url));

function counts(of: Readonly<Record<string, number>>): string {
  const all = Object.entries(of).map(([code, n]) => `${code} ${n}`);
  return all.length === 0 ? '0' : all.join(', ');
}

function tables(result: ChaosResult): string {
  const { memory, leaked } = result;
  const change = ([from, to]: readonly [number, number]): string => `${figure(from)} → ${figure(to)} MB`;
  const facts = markdown({
    head: ['what', 'count'],
    rows: [
      ['seconds', figure(result.seconds)],
      ['requests', String(result.requests)],
      ['answered, and right', String(result.answered - result.wrong)],
      ['answered wrongly', String(result.wrong)],
      ['clients that left', String(result.left)],
      ['refused by policy, with Retry-After', counts(result.refused)],
      ['failed', counts(result.failed)],
      ['RssAnon of the supervisor, quarter → end', change(memory.supervisor)],
      ['RssAnon of imaging, quarter → end', change(memory.imaging)],
      ['left over: processes, queued requests, leases', `${leaked.processes}, ${leaked.queued}, ${leaked.leases}`],
      ['descriptors of the supervisor, end − begin', String(leaked.files)],
    ],
  });
  const recovery = markdown({
    head: ['disturbance', 'n', 'p50 ms', 'p95 ms', 'max ms'],
    rows: [...result.recovery]
      .filter(([, ms]) => ms.length > 0)
      .map(([kind, ms]) => [
        kind,
        String(ms.length),
        figure(percentile(ms, 0.5)),
        figure(percentile(ms, 0.95)),
        figure(Math.max(...ms)),
      ]),
  });
  return `${facts}\n\n${recovery}`;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 60)) throw new Error('--minutes is a number up to 60');
const machine = describeMachine();
const result = await chaos(minutes * 60, Number(values.seed), (line) => process.stderr.write(`chaos: ${line}\n`));
const text = `\`npm run chaos -- --minutes ${values.minutes} --seed ${values.seed}\`; ${machineLine(machine)}\n\n${tables(result)}`;
process.stdout.write(`${text}\n`);
if (values.write) {
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '# Reliability\n';
  writeFileSync(DOCUMENT, replaceRegion(before, 'chaos', text));
}
if (result.wrong > 0 || Object.keys(result.failed).length > 0) process.exitCode = 1;
