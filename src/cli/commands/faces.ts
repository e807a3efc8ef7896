/** detect, recognize, liveness and embed: each file is one request; one that fails does not stop the others. */
import { facesAnswerSchema, type FacesAnswer } from '../../contract/results.ts';
import { mapLimit } from '../../util/map-limit.ts';
import type { Client } from '../client.ts';
import { CliError, errorForJson, exitCodeOf, exitCodeOfAll, usageError } from '../cli-error.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { faceOptions, faceQuery } from '../face-options.ts';
import { printFaces } from '../face-table.ts';
import { type Io, printable, printJson, printLine } from '../io.ts';
import { readImage } from '../read-image.ts';
import { clientFor } from '../client-for.ts';

type FaceRoute = 'detect' | 'recognize' | 'liveness' | 'embed';

const SUMMARIES: Readonly<Record<FaceRoute, string>> = {
  detect: 'finds the faces of each picture',
  recognize: 'finds faces with their quality, OOD score and identity',
  liveness: 'finds faces and says which are live',
  embed: 'finds faces and gives their embeddings; use it with --json',
};

const DEFAULT_JOBS = 4;

type Outcome =
  | { readonly file: string; readonly answer: FacesAnswer }
  | { readonly file: string; readonly error: unknown };

export const faceCommands: readonly Command[] = (['detect', 'recognize', 'liveness', 'embed'] as const).map(
  (route) => ({
    name: route,
    words: '<files…>',
    summary: SUMMARIES[route],
    details: [
      '"-" reads one picture from standard input. A file that fails does not stop the others; the exit code tells:',
      '0 all answered, 4 all that failed were refused by the server, 1 something else went wrong.',
    ],
    options: {
      ...faceOptions(route),
      jobs: { type: 'string', short: 'j', value: '<count>', help: `files in work at once; default ${DEFAULT_JOBS}` },
    },
    run: (invocation) => runFaces(route, invocation),
  }),
);

async function runFaces(route: FaceRoute, invocation: Invocation): Promise<ExitCode> {
  const { io, words } = invocation;
  takeWords(route, words, 1, Number.POSITIVE_INFINITY, 'at least one file');
  if (words.filter((word) => word === '-').length > 1) throw usageError('"-" can be given once only');
  const jobs = readJobs(invocation);
  const path = `/v1/${route}${faceQuery(route, invocation)}`;
  const client = clientFor(invocation);
  const json = invocation.flag('json');

  const outcomes: Outcome[] = [];
  for await (const outcome of mapLimit(words, jobs, (file) => ask(client, path, io, file))) {
    // Without a server every other file would say the same.
    if ('error' in outcome && exitCodeOf(outcome.error) === EXIT.noServer) throw outcome.error;
    if (json) printJson(io, toJson(outcome));
    else if ('error' in outcome) printLine(io.stderr, `${printable(outcome.file)}: ${messageOf(outcome.error)}`);
    outcomes.push(outcome);
  }
  if (!json)
    printFaces(
      io,
      outcomes.flatMap((o) => ('answer' in o ? [{ file: o.file, faces: o.answer.faces }] : [])),
    );
  return exitCodeOfAll(outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : [])));
}

function readJobs(invocation: Invocation): number {
  const jobs = invocation.text('jobs') ?? String(DEFAULT_JOBS);
  if (!/^[1-9]\d{0,2}$/.test(jobs)) throw usageError(`--jobs ${jobs}: must be a whole number from 1 to 999`);
  return Number(jobs);
}

async function ask(client: Client, path: string, io: Io, file: string): Promise<Outcome> {
  try {
    const bytes = await readImage(io, file);
    const body = { type: 'application/octet-stream', bytes };
    const answer = await client.json({ method: 'POST', path, body });
    return { file, answer: facesAnswerSchema.parse(answer) };
  } catch (error) {
    return { file, error };
  }
}

function toJson(outcome: Outcome): object {
  if ('answer' in outcome) return { file: outcome.file, ok: true, answer: outcome.answer };
  return { file: outcome.file, ok: false, error: errorForJson(outcome.error) };
}

function messageOf(error: unknown): string {
  if (error instanceof CliError) return printable(error.message);
  return 'the server’s answer has another shape than this version knows';
}
