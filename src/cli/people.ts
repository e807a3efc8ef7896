/** People, as commands ask the server for them. */
import {
  type Collection,
  collectionsAnswerSchema,
  DEFAULT_COLLECTION,
  facesListSchema,
  type PeopleStatus,
  peopleStatusSchema,
  type StoredFace,
  type Subject,
  subjectName,
  subjectsAnswerSchema,
  subjectSchema,
} from '../contract/people.ts';
import type * as z from 'zod';
import { CliError, usageError } from './cli-error.ts';
import type { Client } from './client.ts';
import type { Invocation, OptionSpecs } from './command.ts';
import { type Query, queryText, understood } from './observatory.ts';

/** The most that the server gives at once. */
const PAGE = '1000';

export const COLLECTION_OPTION: OptionSpecs = {
  collection: { type: 'string', value: '<name>', help: `which people; default: ${DEFAULT_COLLECTION}` },
};

export function collectionOf(invocation: Invocation): string {
  return invocation.text('collection') ?? DEFAULT_COLLECTION;
}

export function collectionPath(collection: string): string {
  return `/v1/collections/${encodeURIComponent(collection)}`;
}

export function subjectPath(collection: string, subject: string): string {
  return `${collectionPath(collection)}/subjects/${encodeURIComponent(subject)}`;
}

/** A name as the server keeps it: composed accents (NFC), no blanks around. Throws a usage error for what is none. */
export function readSubjectName(word: string): string {
  const name = subjectName.safeParse(word);
  if (name.success && name.data !== '.' && name.data !== '..') return name.data;
  throw usageError(
    `"${word}" cannot be a person’s name: ${name.error?.issues[0]?.message ?? 'no address could mean it'}`,
  );
}

export async function readPeopleStatus(client: Client): Promise<PeopleStatus> {
  return understood(peopleStatusSchema, await client.json({ path: '/v1/people' }));
}

export async function readCollections(client: Client): Promise<Collection[]> {
  const found: Collection[] = [];
  for await (const page of pages(client, '/v1/collections', {}, collectionsAnswerSchema)) {
    found.push(...page.collections);
  }
  return found;
}

/** Sorted by name. @param find a part of the name */
export async function* readSubjects(
  client: Client,
  collection: string,
  find: string | undefined,
): AsyncGenerator<Subject> {
  const path = `${collectionPath(collection)}/subjects`;
  for await (const page of pages(client, path, { find }, subjectsAnswerSchema)) yield* page.subjects;
}

export async function readSubject(client: Client, collection: string, subject: string): Promise<Subject> {
  return understood(subjectSchema, await client.json({ path: subjectPath(collection, subject) }));
}

/** Of one subject, or of all. */
export async function* readFaces(
  client: Client,
  collection: string,
  subject: string | undefined,
): AsyncGenerator<StoredFace> {
  const path = `${collectionPath(collection)}/faces`;
  for await (const page of pages(client, path, { subject }, facesListSchema)) yield* page.faces;
}

/** Whether the server said that there is no such thing. */
export function isNotFound(error: unknown): boolean {
  return error instanceof CliError && error.problem?.code === 'not_found';
}

async function* pages<T extends { readonly next_cursor: string | null }>(
  client: Client,
  path: string,
  query: Query,
  schema: z.ZodType<T>,
): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = understood(
      schema,
      await client.json({ path: `${path}${queryText({ ...query, limit: PAGE, cursor })}` }),
    );
    yield page;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}
