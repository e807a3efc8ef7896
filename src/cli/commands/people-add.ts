/** people add: pictures of one person. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EnrolAnswer } from '../../contract/people.ts';
import { mapLimit } from '../../util/map-limit.ts';
import { CliError, errorForJson, exitCodeOf, exitCodeOfAll, usageError } from '../cli-error.ts';
import { type Command, takeWords } from '../command.ts';
import { enrol, reasonsOf } from '../enrol.ts';
import { EXIT } from '../exit-codes.ts';
import { faceOptions, faceQuery } from '../face-options.ts';
import { insist, type InsistOptions } from '../insist.ts';
import { type Io, printable, printJson, printLine } from '../io.ts';
import { COLLECTION_OPTION, collectionOf, readSubjectName } from '../people.ts';
import { readImage } from '../read-image.ts';
import { clientFor } from '../client-for.ts';

/** Of one person: two that run side by side would not see each other when they are compared. */
const JOBS = 2;

type Outcome =
  | { readonly file: string; readonly answer: EnrolAnswer }
  | { readonly file: string; readonly error: unknown };

/** @param wait between two attempts at a server that is busy */
export function createPeopleAdd(wait: InsistOptions['wait']): Command {
  return {
    name: 'people add',
    words: '<person> <pictures…>',
    summary: 'enrols pictures of a person, who is made where there is nobody of that name',
    details: [
      '"-" reads one picture from standard input. A picture that is refused does not stop the others; every reason is',
      'told. The exit code: 0 all are enrolled, 4 all that are not were refused by the server, 1 something else went wrong.',
    ],
    options: { ...COLLECTION_OPTION, ...faceOptions('enrol', ['subject']) },
    async run(invocation) {
      const { io, words } = invocation;
      takeWords('people add', words, 2, Number.POSITIVE_INFINITY, 'a person and at least one picture');
      const person = readSubjectName(words[0] ?? '');
      const files = words.slice(1);
      if (files.filter((file) => file === '-').length > 1) throw usageError('"-" can be given once only');
      const query = faceQuery('enrol', invocation, { subject: person });
      const client = clientFor(invocation);
      const collection = collectionOf(invocation);
      const json = invocation.flag('json');
      const options: InsistOptions = {
        wait,
        signal: new AbortController().signal,
        tell: json ? () => undefined : (text) => printLine(io.stderr, printable(text)),
      };
      const send = async (file: string): Promise<Outcome> => {
        try {
          const body = { type: 'application/octet-stream', bytes: await readImage(io, file) };
          return { file, answer: await insist(() => enrol(client, collection, query, body), options) };
        } catch (error) {
          return { file, error };
        }
      };
      const errors: unknown[] = [];
      for await (const outcome of mapLimit(files, JOBS, send)) {
        // Without a server every other picture would say the same.
        if ('error' in outcome && exitCodeOf(outcome.error) === EXIT.noServer) throw outcome.error;
        if ('error' in outcome) errors.push(outcome.error);
        if (json) printJson(io, toJson(outcome));
        else tell(io, outcome);
      }
      return exitCodeOfAll(errors);
    },
  };
}

export const peopleAdd: Command = createPeopleAdd((ms, signal) => delay(ms, undefined, { signal }));

function toJson(outcome: Outcome): object {
  if ('answer' in outcome) return { file: outcome.file, ok: true, answer: outcome.answer };
  return { file: outcome.file, ok: false, error: errorForJson(outcome.error) };
}

function tell(io: Io, outcome: Outcome): void {
  if ('answer' in outcome) {
    const { created, face, warnings } = outcome.answer;
    const what = created ? `face ${face.face_id} is enrolled` : `was enrolled before, as face ${face.face_id}`;
    printLine(io.stdout, printable(`${outcome.file}: ${what}`));
    for (const { code, detail } of warnings) printLine(io.stderr, printable(`${outcome.file}: ${code}: ${detail}`));
    return;
  }
  const { error } = outcome;
  const problem = error instanceof CliError ? error.problem : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const lines = problem === undefined ? [message] : reasonsOf(problem).map(({ code, detail }) => `${code}: ${detail}`);
  for (const line of lines) printLine(io.stderr, printable(`${outcome.file}: refused: ${line}`));
}
