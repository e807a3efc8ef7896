/** people export, backup, restore and check: about everybody at once. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type PeopleCheck, peopleCheckSchema } from '../../contract/people.ts';
import { formatBytes, formatMs } from '../../util/format.ts';
import { CliError } from '../cli-error.ts';
import { type Command, type Invocation, type OptionSpecs, takeWords } from '../command.ts';
import { confirm, YES_OPTION } from '../confirm.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { paint, printable, printJson, printLine } from '../io.ts';
import { understood } from '../observatory.ts';
import { COLLECTION_OPTION, collectionOf, collectionPath, readPeopleStatus } from '../people.ts';
import { totalsText } from '../people-view.ts';
import { writePrivately } from '../private-output.ts';
import { clientFor } from '../client-for.ts';

const FORCE: OptionSpecs = { force: { type: 'boolean', help: 'replaces a file of that name' } };

export const peopleExport: Command = {
  name: 'people export',
  words: '',
  summary: 'everybody of a collection with metadata and embeddings, one JSON document per person',
  details: ['Pictures are not in it; what puts everything back is a backup. A file is made with mode 0600.'],
  options: {
    ...COLLECTION_OPTION,
    ...FORCE,
    out: { type: 'string', short: 'o', value: '<file>', help: 'default: standard output' },
  },
  async run(invocation) {
    const { io } = invocation;
    takeWords('people export', invocation.words, 0, 0, 'no word');
    const file = invocation.text('out');
    const client = clientFor(invocation);
    const begin = () =>
      client.stream({
        path: `${collectionPath(collectionOf(invocation))}/export`,
        accept: 'application/x-ndjson, application/problem+json',
      });
    if (file === undefined || file === '-') {
      await copyOut(invocation, await begin());
      return EXIT.ok;
    }
    const bytes = await writePrivately(path.resolve(io.cwd, file), file, invocation.flag('force'), begin);
    tellFile(invocation, file, bytes);
    return EXIT.ok;
  },
};

export const peopleBackup: Command = {
  name: 'people backup',
  words: '<file>',
  summary: 'a consistent copy of everybody in all collections, made while the server works',
  details: [
    'It is made with mode 0600 and has its name only when it is whole. Where the store is encrypted the backup is too,',
    'and needs the same key (people.encryption_key_file) to be restored.',
  ],
  options: FORCE,
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('people backup', words, 1, 1, 'a file');
    const [file = ''] = words;
    const client = clientFor(invocation);
    const begin = () =>
      client.stream({ path: '/v1/people/backup', accept: 'application/octet-stream, application/problem+json' });
    tellFile(invocation, file, await writePrivately(path.resolve(io.cwd, file), file, invocation.flag('force'), begin));
    return EXIT.ok;
  },
};

export const peopleRestore: Command = {
  name: 'people restore',
  words: '<file>',
  summary: 'puts a backup in the place of everybody who is known; it is checked before',
  details: ['People cannot be asked for while it goes on. A backup that is not sound changes nothing.'],
  options: YES_OPTION,
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('people restore', words, 1, 1, 'a backup');
    const [file = ''] = words;
    const bytes = await sizeOf(path.resolve(io.cwd, file), file);
    const client = clientFor(invocation);
    const before = totalsText(await readPeopleStatus(client));
    const what = `${file} (${formatBytes(bytes)}) takes the place of ${before}, who are then gone`;
    if (!(await confirm(invocation, 'people restore', what))) return EXIT.failure;
    const stream = createReadStream(path.resolve(io.cwd, file));
    const answer = await client.json({
      method: 'POST',
      path: '/v1/people/restore',
      body: { type: 'application/octet-stream', stream, length: bytes },
    });
    const after = understood(peopleCheckSchema, answer);
    return tellCheck(invocation, after, `restored: ${totalsText(after)}`);
  },
};

export const peopleCheck: Command = {
  name: 'people check',
  words: '',
  summary: 'reads the whole store and the search’s index, and names every fault',
  options: {},
  async run(invocation) {
    takeWords('people check', invocation.words, 0, 0, 'no word');
    const answer = await clientFor(invocation).json({ method: 'POST', path: '/v1/people/check' });
    const check = understood(peopleCheckSchema, answer);
    return tellCheck(invocation, check, `${totalsText(check)}, looked at in ${formatMs(check.ms)}`);
  },
};

function tellCheck(invocation: Invocation, check: PeopleCheck, text: string): ExitCode {
  const { io } = invocation;
  if (invocation.flag('json')) printJson(io, check);
  else {
    const verdict = check.ok ? paint(io, 'green', 'sound') : paint(io, 'red', 'not sound');
    printLine(io.stdout, `${verdict}: ${printable(text)}`);
    for (const fault of check.faults) printLine(io.stdout, printable(`  ${fault}`));
  }
  return check.ok ? EXIT.ok : EXIT.failure;
}

function tellFile(invocation: Invocation, file: string, bytes: number): void {
  if (invocation.flag('json')) printJson(invocation.io, { file, bytes });
  else printLine(invocation.io.stdout, printable(`${file}: ${formatBytes(bytes)}`));
}

/** Standard output stays open: it is not ours to end. */
async function copyOut({ io }: Invocation, source: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of source) {
      if (!io.stdout.write(chunk)) await once(io.stdout, 'drain');
    }
  } catch (error) {
    throw new CliError(EXIT.failure, 'the server went away before everything was sent', { cause: error });
  }
}

async function sizeOf(file: string, shown: string): Promise<number> {
  try {
    const found = await stat(file);
    if (found.isFile()) return found.size;
    throw new Error('it is no file');
  } catch (error) {
    const why = error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error);
    throw new CliError(EXIT.failure, `${shown} cannot be read (${why})`, { cause: error });
  }
}
