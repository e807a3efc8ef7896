/** `npm run bench`: runs the sub-benches one after the other, prints their tables, keeps what they measured. */
import process from 'node:process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceRegion } from './lib/document.ts';
import { describeMachine, machineLine } from './lib/machine.ts';
import type { Machine } from './lib/machine.ts';
import { parseOptions } from './lib/options.ts';
import type { BenchOptions, SuiteName } from './lib/options.ts';
import { markdown } from './lib/table.ts';
import { coldSuite } from './suites/cold.ts';
import { decodeSuite } from './suites/decode.ts';
import { historySuite } from './suites/history.ts';
import { httpSuite } from './suites/http.ts';
import { isolationSuite } from './suites/isolation.ts';
import { nvmlSuite } from './suites/nvml.ts';
import { overheadSuite } from './suites/overhead.ts';
import { searchSuite } from './suites/search.ts';
import type { Suite, SuiteResult } from './suites/suite.ts';

const RUN: Readonly<Record<SuiteName, Suite>> = {
  isolation: isolationSuite,
  http: httpSuite,
  cold: coldSuite,
  decode: decodeSuite,
  overhead: overheadSuite,
  nvml: nvmlSuite,
  history: historySuite,
  search: searchSuite,
};
const OUT = fileURLToPath(new URL('./out/', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

function asMarkdown(name: SuiteName, result: SuiteResult, machine: Machine, options: BenchOptions): string {
  const flags = [options.quick ? ' --quick' : '', options.rounds === undefined ? '' : ` --rounds ${options.rounds}`];
  const tables = result.tables.map(({ caption, table }) => `${caption}\n\n${markdown(table)}`);
  const command = `npm run bench -- ${name}${flags.join('')}${options.upload === 'raw' ? '' : ' --upload multipart'}`;
  return [`### ${result.title}`, `\`${command}\`; ${machineLine(machine)}`, result.note, ...tables].join('\n\n');
}

function keep(name: SuiteName, text: string, raw: object, write: boolean): void {
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, `${name}-${new Date().toISOString().replaceAll(':', '')}.json`), JSON.stringify(raw));
  if (!write) return;
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '# Benchmarks\n';
  mkdirSync(join(DOCUMENT, '..'), { recursive: true });
  writeFileSync(DOCUMENT, replaceRegion(before, name, text));
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const scratch = mkdtempSync(join(tmpdir(), 'facepool-bench-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
  for (const name of options.suites) {
    const machine = describeMachine();
    const result = await RUN[name]({ options, scratch, say });
    const text = asMarkdown(name, result, machine, options);
    process.stdout.write(`${text}\n\n`);
    keep(name, text, { machine, options, title: result.title, raw: result.raw }, options.write);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
