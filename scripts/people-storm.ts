/**
 * `npm run people-storm -- [--enrolments 10000] [--seed 1] [--encrypted] [--server] [--write]`: a process that enrols, deletes,
 * renames and merges is killed with SIGKILL at random moments; with `--server` a real server is, which is
 * asked over its admin socket. Exit code 1 when anything acknowledged is lost.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceRegion } from '../bench/lib/document.ts';
import { describeMachine, machineLine } from '../bench/lib/machine.ts';
import { figure, markdown } from '../bench/lib/table.ts';
import { peopleServerStorm, type ServerStormResult } from '../test/e2e/support/people-server-storm.ts';
import { peopleStorm, type PeopleStormResult } from '../test/e2e/support/people-storm.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/reliability.md', import.meta.url));
const MAX_ENROLMENTS = 1_000_000;
/** A child is killed so long after it is open, at most. */
const LIFE_MS = 600;

function table({ seconds, kills, counts, faces, bytes, faults }: PeopleStormResult): string {
  return markdown({
    head: ['what', 'count'],
    rows: [
      ['seconds', figure(seconds)],
      ['kills', String(kills)],
      ['enrolments acknowledged', String(counts.enrol)],
      ['subjects deleted, merged, renamed', `${counts.delete}, ${counts.merge}, ${counts.rename}`],
      ['faces deleted', String(counts['delete-face'])],
      ['lost, half, back again, or found by the check', String(faults.length)],
      ['faces in the end', String(faces)],
      ['bytes of the file', String(bytes)],
    ],
  });
}

function serverTable({ seconds, kills, enrolments, deletions, faults }: ServerStormResult): string {
  return markdown({
    head: ['what', 'count'],
    rows: [
      ['seconds', figure(seconds)],
      ['kills of the server', String(kills)],
      ['enrolments acknowledged', String(enrolments)],
      ['subjects deleted', String(deletions)],
      ['lost, back again, answered wrongly, or found by the check', String(faults.length)],
    ],
  });
}

const { values } = parseArgs({
  options: {
    enrolments: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    encrypted: { type: 'boolean', default: false },
    server: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const enrolments = Number(values.enrolments);
if (!Number.isInteger(enrolments) || enrolments < 1 || enrolments > MAX_ENROLMENTS) {
  throw new Error(`--enrolments is a number up to ${MAX_ENROLMENTS}`);
}
const { encrypted, server } = values;
const seed = Number(values.seed);
const machine = describeMachine();
const say = (line: string): void => void process.stderr.write(`people-storm: ${line}\n`);

async function run(): Promise<{ readonly faults: readonly string[]; readonly table: string }> {
  if (server) {
    const result = await peopleServerStorm({ enrolments, seed }, say);
    return { faults: result.faults, table: serverTable(result) };
  }
  const result = await peopleStorm({ enrolments, mostKills: Infinity, seed, encrypted, lifeMs: LIFE_MS }, say);
  return { faults: result.faults, table: table(result) };
}

const done = await run();
for (const fault of done.faults.slice(0, 20)) say(fault);
const flags = `--enrolments ${enrolments} --seed ${seed}${encrypted ? ' --encrypted' : ''}${server ? ' --server' : ''}`;
const text = `\`npm run people-storm -- ${flags}\`; ${machineLine(machine)}\n\n${done.table}`;
process.stdout.write(`${text}\n`);
if (values.write) {
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '# Reliability\n';
  writeFileSync(DOCUMENT, replaceRegion(before, server ? 'people-server-storm' : 'people-storm', text));
}
if (done.faults.length > 0) process.exitCode = 1;
