/**
 * `npm run people-storm -- [--enrolments 10000] [--seed 1] [--encrypted] [--write]`: a process that enrols, deletes,
 * renames and merges is killed with SIGKILL at random moments; exit code 1 when anything acknowledged is lost.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceRegion } from '../bench/lib/document.ts';
import { describeMachine, machineLine } from '../bench/lib/machine.ts';
import { figure, markdown } from '../bench/lib/table.ts';
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

const { values } = parseArgs({
  options: {
    enrolments: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    encrypted: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const enrolments = Number(values.enrolments);
if (!Number.isInteger(enrolments) || enrolments < 1 || enrolments > MAX_ENROLMENTS) {
  throw new Error(`--enrolments is a number up to ${MAX_ENROLMENTS}`);
}
const { encrypted } = values;
const machine = describeMachine();
const say = (line: string): void => void process.stderr.write(`people-storm: ${line}\n`);
const result = await peopleStorm(
  { enrolments, mostKills: Infinity, seed: Number(values.seed), encrypted, lifeMs: LIFE_MS },
  say,
);
for (const fault of result.faults.slice(0, 20)) say(fault);
const flags = `--enrolments ${enrolments} --seed ${values.seed}${encrypted ? ' --encrypted' : ''}`;
const text = `\`npm run people-storm -- ${flags}\`; ${machineLine(machine)}\n\n${table(result)}`;
process.stdout.write(`${text}\n`);
if (values.write) {
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '# Reliability\n';
  writeFileSync(DOCUMENT, replaceRegion(before, 'people-storm', text));
}
if (result.faults.length > 0) process.exitCode = 1;
