/** people import: a folder of people. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError, errorForJson, exitCodeOf, usageError } from '../cli-error.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { faceOptions, faceQuery } from '../face-options.ts';
import { widthOf } from '../fit.ts';
import { type PeopleFolder, readPeopleFolder } from '../import/folder.ts';
import type { Outcome } from '../import/outcome.ts';
import { ImportProgress } from '../import/progress.ts';
import { openReport, reasonLines, summaryDocument, summaryLines } from '../import/report.ts';
import { sendPictures } from '../import/send.ts';
import { Tally } from '../import/tally.ts';
import type { InsistOptions } from '../insist.ts';
import { printable, printAll, printJson, printLine } from '../io.ts';
import { COLLECTION_OPTION, collectionOf } from '../people.ts';
import { clientFor } from '../client-for.ts';

const DEFAULT_JOBS = 2;

/** @param wait between two attempts at a server that is busy or away */
export function createPeopleImport(wait: InsistOptions['wait']): Command {
  return {
    name: 'people import',
    words: '<folder>',
    summary: 'enrols a folder: each sub-folder is a person of its name, with pictures in it',
    details: [
      'It can be broken off (Ctrl-C) and run again: pictures that the server has are not sent twice. Exit codes:',
      '0 everything is enrolled, 7 some pictures were refused (the report says why), 1 some failed or the server went',
      'away, 130 broken off. Hidden files, other files than pictures and links out of the folder are left out.',
    ],
    options: {
      ...COLLECTION_OPTION,
      ...faceOptions('enrol', ['subject']),
      jobs: { type: 'string', short: 'j', value: '<count>', help: `pictures in work at once; default ${DEFAULT_JOBS}` },
      report: { type: 'string', value: '<file>', help: 'a CSV of every picture, written as it goes' },
      'dry-run': { type: 'boolean', help: 'sends nothing: says what would be sent' },
    },
    run: (invocation) => runImport(invocation, wait),
  };
}

export const peopleImport: Command = createPeopleImport((ms, signal) => delay(ms, undefined, { signal }));

async function runImport(invocation: Invocation, wait: InsistOptions['wait']): Promise<ExitCode> {
  const { io, words } = invocation;
  takeWords('people import', words, 1, 1, 'a folder');
  const [shown = ''] = words;
  const jobs = readJobs(invocation);
  const query = (person: string): string => faceQuery('enrol', invocation, { subject: person });
  // A wrong flag is told before the folder is read.
  query('');
  const client = clientFor(invocation);
  const folder = await readPeopleFolder(path.resolve(io.cwd, shown), shown);
  if (folder.people.length + folder.troubles.length === 0) {
    throw new CliError(EXIT.failure, `${shown} has no sub-folders: each has to be a person, with pictures in it`);
  }
  const json = invocation.flag('json');
  const isDry = invocation.flag('dry-run');
  const reportFile = invocation.text('report');
  const report = reportFile === undefined ? undefined : openReport(path.resolve(io.cwd, reportFile), reportFile);
  const tally = new Tally(folder);
  const progress = new ImportProgress(io.stderr, tally, () => performance.now());
  const onOutcome = (outcome: Outcome): void => {
    tally.add(outcome);
    report?.add(outcome);
    if (json) printJson(io, outcome);
    else progress.update();
  };

  const stop = new AbortController();
  const stopListening = io.onInterrupt?.(() => {
    // A second one ends the process at once.
    stopListening?.();
    if (!json) progress.note('ending when what was sent is answered');
    stop.abort();
  });
  const began = performance.now();
  let ended: Error | undefined;
  try {
    for (const trouble of folder.troubles) onOutcome({ ...trouble, result: 'refused' });
    await sendPictures(
      folder.people.flatMap(({ pictures }) => pictures),
      {
        client,
        collection: collectionOf(invocation),
        query,
        jobs,
        dryRun: isDry,
        onOutcome,
        wait,
        signal: stop.signal,
        tell: json ? () => undefined : (text) => progress.note(text),
      },
    );
  } catch (error) {
    // Nothing was begun: there is nothing to tell but the error.
    if (tally.done === folder.troubles.length) throw error;
    if (!(error instanceof Error)) throw error;
    ended = error;
  } finally {
    stopListening?.();
    if (!json) progress.clear();
    report?.close();
  }
  const result: Result = { tally, ended, ms: performance.now() - began };
  if (json) {
    printJson(io, summaryDocument(tally, folder.skipped, tally.done === tally.pictures));
    if (ended !== undefined) printLine(io.stderr, JSON.stringify({ error: errorForJson(ended) }));
  } else tellEnd(invocation, folder, result);
  return exitCode(result);
}

type Result = {
  readonly tally: Tally;
  /** What ended it before its end; undefined also after Ctrl-C. */
  readonly ended: Error | undefined;
  readonly ms: number;
};

function tellEnd(invocation: Invocation, { skipped }: PeopleFolder, { tally, ended, ms }: Result): void {
  const { io } = invocation;
  printAll(io, reasonLines(io, tally, widthOf(io)));
  printAll(io, summaryLines(tally, skipped, ms, invocation.flag('dry-run')));
  if (ended !== undefined) printLine(io.stderr, `facepool: ${printable(ended.message)}`);
  if (tally.done < tally.pictures || tally.counts.failed > 0) {
    printLine(io.stderr, 'the same command goes on where it ended: pictures that are enrolled are not sent again');
  }
}

function exitCode({ tally, ended }: Result): ExitCode {
  if (ended !== undefined) return exitCodeOf(ended);
  if (tally.done < tally.pictures) return EXIT.interrupted;
  if (tally.counts.failed > 0) return EXIT.failure;
  return tally.counts.refused > 0 ? EXIT.someRefused : EXIT.ok;
}

function readJobs(invocation: Invocation): number {
  const jobs = invocation.text('jobs') ?? String(DEFAULT_JOBS);
  if (!/^[1-9]\d?$/.test(jobs)) throw usageError(`--jobs ${jobs}: must be a whole number from 1 to 99`);
  return Number(jobs);
}
