import { verifyAnswerSchema, type VerifyAnswer } from '../../contract/results.ts';
import { CliError, exitCodeOf, usageError } from '../cli-error.ts';
import { type Command, takeWords } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { faceOptions, faceQuery } from '../face-options.ts';
import { type Io, paint, printJson, printLine } from '../io.ts';
import { readImage } from '../read-image.ts';
import { clientFor } from '../client-for.ts';

export const verify: Command = {
  name: 'verify',
  words: '<file> <file>',
  summary: 'says whether the largest faces of two pictures are the same person',
  details: [
    'Exit code 0: the same person. 6: not shown to be the same, also where a face was not good enough to say.',
    'So "facepool verify a.jpg b.jpg && …" goes on only after a match.',
  ],
  options: faceOptions('verify'),
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('verify', words, 2, 2, 'two files');
    const [source = '', target = ''] = words;
    if (source === '-' && target === '-') throw usageError('"-" can be given once only');
    const path = `/v1/verify${faceQuery('verify', invocation)}`;
    const client = clientFor(invocation);
    const body = await multipart({
      source_image: await readNamed(io, source),
      target_image: await readNamed(io, target),
    });
    const answer = verifyAnswerSchema.parse(await client.json({ method: 'POST', path, body }));
    if (invocation.flag('json')) printJson(io, answer);
    else printAnswer(io, answer);
    return answer.match ? EXIT.ok : EXIT.noMatch;
  },
};

async function readNamed(io: Io, file: string): Promise<Uint8Array> {
  try {
    return await readImage(io, file);
  } catch (error) {
    throw new CliError(exitCodeOf(error), `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function multipart(parts: Readonly<Record<string, Uint8Array>>): Promise<{ type: string; bytes: Uint8Array }> {
  const form = new FormData();
  for (const [name, bytes] of Object.entries(parts)) form.append(name, new Blob([new Uint8Array(bytes)]), name);
  const encoded = new Response(form);
  return { type: encoded.headers.get('content-type') ?? '', bytes: new Uint8Array(await encoded.arrayBuffer()) };
}

function printAnswer(io: Io, answer: VerifyAnswer): void {
  const verdict = answer.match
    ? paint(io, 'green', 'same person')
    : paint(io, 'red', 'not shown to be the same person');
  const figures = `cosine ${answer.cosine.toFixed(4)}, needed ${answer.threshold.toFixed(4)}, similarity ${answer.similarity.toFixed(2)}`;
  printLine(io.stdout, `${verdict}: ${figures} (${answer.space})`);
  for (const [which, face] of [
    ['first', answer.source],
    ['second', answer.target],
  ] as const) {
    if (face.ood?.accepted === false) {
      printLine(io.stdout, `the face of the ${which} picture is out of distribution (${face.ood.score.toFixed(3)})`);
    }
    if (face.liveness?.label === 'spoof') printLine(io.stdout, `the face of the ${which} picture is not live`);
  }
}
