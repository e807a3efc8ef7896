/** Sends the pictures of an import, a few at a time; those that the server has are not sent. */
import { CliError } from '../cli-error.ts';
import { type Client, UnreadableError } from '../client.ts';
import { enrol, reasonsOf } from '../enrol.ts';
import { GaveUp, insist, type InsistOptions } from '../insist.ts';
import { readFaces } from '../people.ts';
import { reasonOf, type Picture } from './folder.ts';
import type { Outcome } from './outcome.ts';
import { type PictureFile, readPictureFile } from './picture-file.ts';

export type SendOptions = InsistOptions & {
  readonly client: Client;
  readonly collection: string;
  /** The query of an enrolment of this person. */
  readonly query: (person: string) => string;
  readonly jobs: number;
  /** Nothing is sent. */
  readonly dryRun: boolean;
  /** Told of each picture as it ends. */
  readonly onOutcome: (outcome: Outcome) => void;
};

/** Codes after which every other picture would be told the same. */
const FINAL: ReadonlySet<string> = new Set(['storage_full', 'space_mismatch', 'not_found', 'unknown_option']);

type Verdict = Omit<Outcome, 'person' | 'file'>;

/**
 * Ends early, with nothing in flight, where the signal aborts.
 * @throws CliError what makes going on useless, e.g. a server that is gone
 */
export async function sendPictures(pictures: readonly Picture[], options: SendOptions): Promise<void> {
  const { client, collection, signal } = options;
  const people = new Set(pictures.map(({ person }) => person));
  const verdicts = new Map<string, Promise<Verdict>>();
  for await (const { subject, digest } of readFaces(client, collection, undefined)) {
    if (signal.aborted) return;
    if (digest !== null && people.has(subject)) verdicts.set(keyOf(subject, digest), Promise.resolve(PRESENT));
  }

  let stop: Error | undefined;
  const queue = pictures[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const picture of queue) {
      if (signal.aborted || stop !== undefined) return;
      try {
        const verdict = await sendOne(picture, verdicts, options);
        options.onOutcome({ person: picture.person, file: picture.file, ...verdict });
      } catch (error) {
        // What Ctrl-C cut off is not done, and nothing more.
        if (!signal.aborted) stop ??= error instanceof Error ? error : new Error(String(error));
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  if (stop !== undefined) throw stop;
}

const PRESENT: Verdict = { result: 'present', code: '', detail: '' };

function keyOf(person: string, digest: string): string {
  return `${person}\0${digest}`;
}

/** A picture that is in the folder twice is sent once. @throws what ends the import */
async function sendOne(
  picture: Picture,
  verdicts: Map<string, Promise<Verdict>>,
  options: SendOptions,
): Promise<Verdict> {
  let file: PictureFile;
  try {
    file = await readPictureFile(picture.path);
  } catch (error) {
    return { result: 'refused', code: 'unreadable', detail: reasonOf(error) };
  }
  const key = keyOf(picture.person, file.digest);
  const same = verdicts.get(key);
  if (same !== undefined) {
    const verdict = await same;
    return verdict.result === 'enrolled' || verdict.result === 'new' ? PRESENT : verdict;
  }
  const verdict = options.dryRun
    ? Promise.resolve<Verdict>({ ...PRESENT, result: 'new' })
    : ask(picture, file, options);
  verdicts.set(key, verdict);
  return verdict;
}

async function ask(picture: Picture, file: PictureFile, options: SendOptions): Promise<Verdict> {
  const { client, collection, query } = options;
  try {
    const answer = await insist(() => enrol(client, collection, query(picture.person), file.body()), options);
    const [warning] = answer.warnings;
    const detail = answer.warnings.map((one) => one.detail).join('; ');
    return { result: answer.created ? 'enrolled' : 'present', code: warning?.code ?? '', detail };
  } catch (error) {
    return verdictOf(error);
  }
}

/** @throws what ends the import */
function verdictOf(error: unknown): Verdict {
  if (error instanceof UnreadableError) return { result: 'refused', code: 'unreadable', detail: error.message };
  if (!(error instanceof CliError) || error instanceof GaveUp) throw error;
  const { problem } = error;
  if (problem === undefined || FINAL.has(problem.code)) throw error;
  const reasons = reasonsOf(problem);
  return {
    // A conflict is a limit that was reached, e.g. of the faces of one person.
    result: problem.status < 500 ? 'refused' : 'failed',
    code: reasons[0]?.code ?? problem.code,
    detail: reasons.map(({ detail }) => detail).join('; '),
  };
}
