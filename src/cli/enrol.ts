/** One picture of a person, as commands send it. */
import { type EnrolAnswer, enrolAnswerSchema } from '../contract/people.ts';
import type { Problem } from '../contract/results.ts';
import type { Client, ClientRequest } from './client.ts';
import { understood } from './observatory.ts';
import { collectionPath } from './people.ts';

/** @param query of the request, with `subject` */
export async function enrol(
  client: Client,
  collection: string,
  query: string,
  body: NonNullable<ClientRequest['body']>,
): Promise<EnrolAnswer> {
  const path = `${collectionPath(collection)}/faces${query}`;
  return understood(enrolAnswerSchema, await client.json({ method: 'POST', path, body }));
}

/** All that was wrong with the picture, the gravest first. */
export function reasonsOf(problem: Problem): readonly { readonly code: string; readonly detail: string }[] {
  const { code, detail, reasons = [] } = problem;
  return reasons.length > 0 ? reasons : [{ code, detail }];
}
