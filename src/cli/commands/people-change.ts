/** people rename, merge, set, rm and rm-face: changes of who is known. */
import { storedFaceSchema, type Subject, subjectSchema } from '../../contract/people.ts';
import { type Metadata, metadataSchema } from '../../contract/metadata.ts';
import { CliError, exitCodeOf, exitCodeOfAll, usageError } from '../cli-error.ts';
import type { Client } from '../client.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { confirm, YES_OPTION } from '../confirm.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { cut } from '../fit.ts';
import { printable, printJson, printLine } from '../io.ts';
import { understood } from '../observatory.ts';
import {
  COLLECTION_OPTION,
  collectionOf,
  collectionPath,
  readSubject,
  readSubjectName,
  subjectPath,
} from '../people.ts';
import { countText, peopleText } from '../people-view.ts';
import { jsonBody } from '../rollout.ts';
import { clientFor } from '../client-for.ts';

const MOST_NAMED = 300;
/** Of a change of metadata, where somebody else is faster each time. */
const MOST_TRIES = 5;

export const peopleRename: Command = {
  name: 'people rename',
  words: '<person> <name>',
  summary: 'gives a person another name',
  options: {
    ...COLLECTION_OPTION,
    merge: { type: 'boolean', help: 'where somebody has that name already: both are one person' },
  },
  async run(invocation) {
    const { words } = invocation;
    takeWords('people rename', words, 2, 2, 'the name of a person and a new one');
    const [from, to] = [readSubjectName(words[0] ?? ''), readSubjectName(words[1] ?? '')];
    const merge = invocation.flag('merge');
    try {
      const after = await changeSubject(invocation, from, { subject: to, merge });
      return tell(invocation, after, `${from} is ${to} now, with ${countText(after.faces, 'face')}`);
    } catch (error) {
      if (!(error instanceof CliError) || error.problem?.code !== 'conflict' || merge) throw error;
      throw new CliError(error.exitCode, `${error.message} (--merge makes both one person)`, {
        cause: error,
        problem: error.problem,
      });
    }
  },
};

export const peopleMerge: Command = {
  name: 'people merge',
  words: '<person> <into>',
  summary: 'two names are one person: all faces of the first become faces of the second',
  details: ['Of metadata that both have, the second’s stays.'],
  options: COLLECTION_OPTION,
  async run(invocation) {
    const { words } = invocation;
    takeWords('people merge', words, 2, 2, 'the names of two people');
    const [from, into] = [readSubjectName(words[0] ?? ''), readSubjectName(words[1] ?? '')];
    if (from === into) throw usageError(`people merge: "${from}" is given twice`);
    // Without it a name that is mistyped would be a rename.
    await readSubject(clientFor(invocation), collectionOf(invocation), into);
    const after = await changeSubject(invocation, from, { subject: into, merge: true });
    return tell(invocation, after, `${from} is ${into} now, who has ${countText(after.faces, 'face')}`);
  },
};

export const peopleSet: Command = {
  name: 'people set',
  words: '<person> <key>=<value>…',
  summary: 'sets metadata of a person; <key>= removes it',
  details: ['A value that is JSON (17, true, null, "17") is that; anything else is text.'],
  options: COLLECTION_OPTION,
  async run(invocation) {
    const { words } = invocation;
    takeWords('people set', words, 2, Number.POSITIVE_INFINITY, 'a person and at least one <key>=<value>');
    const name = readSubjectName(words[0] ?? '');
    const changes = words.slice(1).map(readPair);
    const after = await setMetadata(invocation, name, changes);
    const fields = countText(Object.keys(after.metadata).length, 'field');
    return tell(invocation, after, `${name} has ${fields} of metadata`);
  },
};

/** What others set meanwhile stays: where somebody was faster, it is read and tried again. */
async function setMetadata(
  invocation: Invocation,
  name: string,
  changes: readonly (readonly [string, Metadata[string] | undefined])[],
): Promise<Subject> {
  const client = clientFor(invocation);
  const path = subjectPath(collectionOf(invocation), name);
  for (let left = MOST_TRIES; ; left--) {
    const { body, tag } = await client.tagged({ path });
    const metadata = withChanges(understood(subjectSchema, body).metadata, changes);
    try {
      return await changeSubject(invocation, name, { metadata }, tag);
    } catch (error) {
      const isLate = error instanceof CliError && error.problem?.code === 'conflict';
      if (!isLate || left === 1) throw error;
    }
  }
}

/** Throws a usage error for what cannot be metadata. */
function withChanges(
  before: Metadata,
  changes: readonly (readonly [string, Metadata[string] | undefined])[],
): Metadata {
  const kept = new Map<string, Metadata[string]>(Object.entries(before));
  for (const [key, value] of changes) {
    if (value === undefined) kept.delete(key);
    else kept.set(key, value);
  }
  const metadata = metadataSchema.safeParse(Object.fromEntries(kept));
  if (!metadata.success) throw usageError(`people set: ${metadata.error.issues[0]?.message ?? 'not allowed'}`);
  const lost = [...kept.keys()].find((key) => !Object.hasOwn(metadata.data, key));
  if (lost !== undefined) throw usageError(`people set: "${lost}" cannot be a key`);
  return metadata.data;
}

export const peopleRemove: Command = {
  name: 'people rm',
  words: '<people…>',
  summary: 'deletes people: their faces, metadata and pictures, without a trace',
  options: { ...COLLECTION_OPTION, ...YES_OPTION },
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('people rm', words, 1, Number.POSITIVE_INFINITY, 'the name of a person');
    const collection = collectionOf(invocation);
    const client = clientFor(invocation);
    const names = [...new Set(words.map(readSubjectName))];
    // All of them have to be there before the first one goes.
    const found: Subject[] = [];
    for (const name of names) found.push(await readSubject(client, collection, name));
    const faces = found.reduce((sum, subject) => sum + subject.faces, 0);
    const who = cut(names.join(', '), MOST_NAMED);
    const what = `this deletes ${peopleText(names.length)} with ${countText(faces, 'face')} for good: ${who}`;
    if (!(await confirm(invocation, 'people rm', what))) return EXIT.failure;
    const errors: unknown[] = [];
    for (const subject of found) {
      try {
        await remove(client, subjectPath(collection, subject.subject));
      } catch (error) {
        if (exitCodeOf(error) === EXIT.noServer) throw error;
        errors.push(error);
        const why = error instanceof Error ? error.message : String(error);
        printLine(io.stderr, printable(`${subject.subject}: ${why}`));
        continue;
      }
      if (invocation.flag('json')) printJson(io, { ...subject, removed: true });
      else printLine(io.stdout, printable(`${subject.subject} is deleted (${countText(subject.faces, 'face')})`));
    }
    return exitCodeOfAll(errors);
  },
};

export const peopleRemoveFace: Command = {
  name: 'people rm-face',
  words: '<face>',
  summary: 'deletes one enrolled face; its person stays',
  details: ['"people show <person>" lists the ids of faces.'],
  options: COLLECTION_OPTION,
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('people rm-face', words, 1, 1, 'the id of a face');
    const path = `${collectionPath(collectionOf(invocation))}/faces/${encodeURIComponent(words[0] ?? '')}`;
    const client = clientFor(invocation);
    const face = understood(storedFaceSchema, await client.json({ path }));
    await remove(client, path);
    if (invocation.flag('json')) printJson(io, { ...face, removed: true });
    else printLine(io.stdout, printable(`face ${face.face_id} of ${face.subject} is deleted`));
    return EXIT.ok;
  },
};

async function changeSubject(
  invocation: Invocation,
  subject: string,
  change: object,
  ifMatch?: string,
): Promise<Subject> {
  const path = subjectPath(collectionOf(invocation), subject);
  const answer = await clientFor(invocation).json({ method: 'PATCH', path, body: jsonBody(change), ifMatch });
  return understood(subjectSchema, answer);
}

async function remove(client: Client, path: string): Promise<void> {
  (await client.stream({ method: 'DELETE', path })).resume();
}

function tell({ io, flag }: Invocation, subject: Subject, text: string): ExitCode {
  if (flag('json')) printJson(io, subject);
  else printLine(io.stdout, printable(text));
  return EXIT.ok;
}

/** Undefined: the key is to be removed. */
function readPair(word: string): [string, Metadata[string] | undefined] {
  const equals = word.indexOf('=');
  if (equals < 1) throw usageError(`people set: "${word}" must be <key>=<value>`);
  const text = word.slice(equals + 1);
  return [word.slice(0, equals), text === '' ? undefined : readValue(text)];
}

function readValue(text: string): Metadata[string] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const isScalar = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  return isScalar ? (value as Metadata[string]) : text;
}
