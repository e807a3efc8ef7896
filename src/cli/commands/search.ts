/** search: who is on a picture. */
import { type SearchAnswer, searchAnswerSchema } from '../../contract/people.ts';
import { CliError, exitCodeOf } from '../cli-error.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { faceOptions, faceQuery } from '../face-options.ts';
import { type FitColumn, fitTable, widthOf } from '../fit.ts';
import { type Io, paint, printable, printAll, printJson, printLine } from '../io.ts';
import { understood } from '../observatory.ts';
import { readImage } from '../read-image.ts';
import { clientFor } from '../client-for.ts';

const COLUMNS: readonly FitColumn[] = [
  { title: 'PERSON', spare: 0 },
  { title: 'MATCH', spare: 0 },
  { title: 'SIMILARITY', align: 'right', spare: 0 },
  { title: 'COSINE', align: 'right', spare: 1 },
  { title: 'NEEDED', align: 'right', spare: 2 },
  { title: 'MARGIN', align: 'right', spare: 3 },
  { title: 'FACE', spare: 4 },
];

export const search: Command = {
  name: 'search',
  words: '<picture>',
  summary: 'the people who are nearest to the largest face of a picture',
  details: ['Exit code 0: somebody matches. 6: nobody who is known. "-" reads the picture from standard input.'],
  options: faceOptions('search'),
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('search', words, 1, 1, 'a picture');
    const [file = ''] = words;
    const path = `/v1/search${faceQuery('search', invocation)}`;
    const client = clientFor(invocation);
    const body = { type: 'application/octet-stream', bytes: await readNamed(io, file) };
    const answer = understood(searchAnswerSchema, await client.json({ method: 'POST', path, body }));
    if (invocation.flag('json')) printJson(io, answer);
    else printMatches(io, answer);
    return identityOf(answer) === null ? EXIT.noMatch : EXIT.ok;
  },
};

async function readNamed(io: Io, file: string): Promise<Uint8Array> {
  try {
    return await readImage(io, file);
  } catch (error) {
    throw new CliError(exitCodeOf(error), `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A match counts only where the face is good enough, and nobody else is as near: the server decides. */
function identityOf({ identity, matches }: SearchAnswer): string | null {
  return identity === undefined ? (matches.find(({ match }) => match)?.subject ?? null) : identity;
}

function printMatches(io: Io, answer: SearchAnswer): void {
  const { matches } = answer;
  if (matches.length === 0) {
    printLine(io.stdout, 'nobody is near: the collection has no faces');
    return;
  }
  const rows = matches.map((found) => [
    found.subject,
    { text: found.match ? 'yes' : 'no', style: found.match ? ('green' as const) : undefined },
    found.similarity.toFixed(3),
    found.cosine.toFixed(4),
    found.threshold.toFixed(4),
    found.margin === null ? '-' : found.margin.toFixed(4),
    found.face_id,
  ]);
  const identity = identityOf(answer);
  printLine(
    io.stdout,
    identity === null ? paint(io, 'yellow', 'nobody who is known') : paint(io, 'green', printable(identity)),
  );
  printLine(io.stdout);
  printAll(io, fitTable(io, COLUMNS, rows, widthOf(io)));
}
