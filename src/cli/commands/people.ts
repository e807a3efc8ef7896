/** people status, collections, list and show: who is known. */
import { collectionName, collectionSchema, type Subject } from '../../contract/people.ts';
import { usageError } from '../cli-error.ts';
import { type Command, type Invocation, takeWords } from '../command.ts';
import { confirm, YES_OPTION } from '../confirm.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { widthOf } from '../fit.ts';
import { printable, printAll, printJson, printLine } from '../io.ts';
import { understood } from '../observatory.ts';
import {
  COLLECTION_OPTION,
  collectionOf,
  collectionPath,
  readCollections,
  readFaces,
  readPeopleStatus,
  readSubject,
  readSubjectName,
  readSubjects,
} from '../people.ts';
import { collectionLines, countText, peopleText, statusLines, subjectAndFaces, subjectLines } from '../people-view.ts';
import { jsonBody } from '../rollout.ts';
import { clientFor } from '../client-for.ts';

const STATUS = {
  words: '',
  summary: 'whether people can be asked for, how many there are, and what is kept of them',
  options: {},
} as const;

export const people: Command = { ...STATUS, name: 'people', run: (invocation) => showStatus(invocation, 'people') };
export const peopleStatus: Command = {
  ...STATUS,
  name: 'people status',
  run: (invocation) => showStatus(invocation, 'people status'),
};

async function showStatus(invocation: Invocation, name: string): Promise<ExitCode> {
  const { io, words } = invocation;
  if (name === 'people' && words[0] !== undefined) {
    throw usageError(`unknown command "people ${words[0]}"; see: facepool help people`);
  }
  takeWords(name, words, 0, 0, 'no word');
  const status = await readPeopleStatus(clientFor(invocation));
  if (invocation.flag('json')) printJson(io, status);
  else printAll(io, statusLines(io, status, widthOf(io)));
  return EXIT.ok;
}

export const peopleCollections: Command = {
  name: 'people collections',
  words: '[add|rm <name>]',
  summary: 'the collections; add makes one, rm deletes one with everybody in it',
  details: ['People of different collections do not meet: a face is looked for in one of them.'],
  options: YES_OPTION,
  async run(invocation) {
    const { io, words } = invocation;
    const [action, name] = words;
    if (action === undefined) {
      const collections = await readCollections(clientFor(invocation));
      if (invocation.flag('json')) printJson(io, { collections });
      else if (collections.length === 0) printLine(io.stdout, 'there are no collections yet');
      else printAll(io, collectionLines(io, collections, widthOf(io)));
      return EXIT.ok;
    }
    if (action !== 'add' && action !== 'rm') throw usageError(`people collections ${action}: must be add or rm`);
    takeWords('people collections', words, 2, 2, 'the name of a collection');
    return action === 'add' ? addCollection(invocation, name ?? '') : removeCollection(invocation, name ?? '');
  },
};

async function addCollection(invocation: Invocation, name: string): Promise<ExitCode> {
  const { io } = invocation;
  const checked = collectionName.safeParse(name);
  if (!checked.success)
    throw usageError(`"${name}" cannot be a collection’s name: ${checked.error.issues[0]?.message}`);
  const answer = await clientFor(invocation).json({
    method: 'POST',
    path: '/v1/collections',
    body: jsonBody({ name }),
  });
  const collection = understood(collectionSchema, answer);
  if (invocation.flag('json')) printJson(io, collection);
  else printLine(io.stdout, printable(`${collection.name} is made`));
  return EXIT.ok;
}

/** Nobody in it is known any more; the disk takes longer than the deadline of a request. */
const ACCEPTED = 202;

async function removeCollection(invocation: Invocation, name: string): Promise<ExitCode> {
  const { io } = invocation;
  const client = clientFor(invocation);
  const found = understood(collectionSchema, await client.json({ path: collectionPath(name) }));
  const held = `${peopleText(found.subjects)} and ${countText(found.faces, 'face')}`;
  const what = `this deletes the collection ${name} with ${held} for good`;
  if (!(await confirm(invocation, 'people collections rm', what))) return EXIT.failure;
  const answer = await client.stream({ method: 'DELETE', path: collectionPath(name) });
  answer.resume();
  const erasing = answer.statusCode === ACCEPTED;
  const rest = erasing ? '; what it had on the disk is still being erased (facepool people says how long)' : '';
  if (invocation.flag('json')) printJson(io, { ...found, removed: true, erasing });
  else printLine(io.stdout, printable(`${name} is deleted, with ${held}${rest}`));
  return EXIT.ok;
}

export const peopleList: Command = {
  name: 'people list',
  words: '',
  summary: 'everybody of a collection, by name',
  details: ['With --json one document per person.'],
  options: {
    ...COLLECTION_OPTION,
    find: { type: 'string', value: '<text>', help: 'only names with this in them, whatever its case' },
    limit: { type: 'string', short: 'n', value: '<count>', help: 'at most so many; default: all' },
  },
  async run(invocation) {
    const { io } = invocation;
    takeWords('people list', invocation.words, 0, 0, 'no word');
    const limit = readLimit(invocation);
    const find = invocation.text('find');
    const collection = collectionOf(invocation);
    const client = clientFor(invocation);
    const found: Subject[] = [];
    let hasMore = false;
    let count = 0;
    for await (const subject of readSubjects(client, collection, find)) {
      hasMore = count >= limit;
      if (hasMore) break;
      count += 1;
      if (invocation.flag('json')) printJson(io, subject);
      else found.push(subject);
    }
    if (invocation.flag('json')) return EXIT.ok;
    if (count === 0) {
      const whose =
        find === undefined ? `nobody is in ${collection}` : `nobody in ${collection} has “${find}” in the name`;
      printLine(io.stdout, printable(whose));
    } else printAll(io, subjectLines(io, found, widthOf(io)));
    if (hasMore) printLine(io.stderr, 'there are more: --find narrows it, and without --limit all are shown');
    return EXIT.ok;
  },
};

function readLimit(invocation: Invocation): number {
  const given = invocation.text('limit');
  if (given === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,8}$/.test(given)) throw usageError(`--limit ${given}: must be a whole number above 0`);
  return Number(given);
}

export const peopleShow: Command = {
  name: 'people show',
  words: '<person>',
  summary: 'a person’s metadata and enrolled faces',
  options: COLLECTION_OPTION,
  async run(invocation) {
    const { io, words } = invocation;
    takeWords('people show', words, 1, 1, 'the name of a person');
    const name = readSubjectName(words[0] ?? '');
    const collection = collectionOf(invocation);
    const client = clientFor(invocation);
    const subject = await readSubject(client, collection, name);
    const faces = await Array.fromAsync(readFaces(client, collection, name));
    if (invocation.flag('json')) printJson(io, { person: subject, faces });
    else printAll(io, subjectAndFaces(io, subject, faces, widthOf(io)));
    return EXIT.ok;
  },
};
