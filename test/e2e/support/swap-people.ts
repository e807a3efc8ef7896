/** Who gets which version. */
import { facesAnswerSchema, type ModelRef } from '../../../src/contract/results.ts';
import { picture } from './shared.ts';

type Base = { readonly url: string };

export type PersonAnswer = {
  readonly person: string;
  /** When it was sent, on `performance.now`. */
  readonly sent: number;
  readonly status: number;
  /** Model → what answered; empty where it failed. */
  readonly models: Readonly<Record<string, ModelRef>>;
};

const REQUEST_MS = 30_000;

export function people(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `person-${i}`);
}

/** By default a group of four, in a picture that is no square. */
export async function askAs(
  server: Base,
  person: string,
  path = '/v1/detect',
  photo = 'stock-group-2',
): Promise<PersonAnswer> {
  const sent = performance.now();
  const answer = await fetch(server.url + path, {
    method: 'POST',
    body: new Uint8Array(picture(`photos/${photo}.jpg`)),
    headers: { 'content-type': 'application/octet-stream', 'x-client-id': person },
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const body: unknown = await answer.json();
  const models = answer.status === 200 ? facesAnswerSchema.parse(body).models : {};
  return { person, sent, status: answer.status, models };
}

/** Person → `version as alias` of the detector. Each has to be answered. */
export async function versionsOf(server: Base, persons: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const person of persons) {
    const { status, models } = await askAs(server, person);
    const { detector } = models;
    found[person] = detector === undefined ? `status ${status}` : `${detector.version} as ${detector.alias}`;
  }
  return found;
}
