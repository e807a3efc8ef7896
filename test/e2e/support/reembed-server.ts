/** A server with people whose crops are kept, and a recognizer of another space beside. */
import assert from 'node:assert/strict';
import { type Collection, collectionSchema, enrolAnswerSchema } from '../../../src/contract/people.ts';
import { type Reembed, reembedSchema } from '../../../src/contract/reembed.ts';
import { type FacesAnswer, facesAnswerSchema, type Problem, problemSchema } from '../../../src/contract/results.ts';
import { facesOf, post, type Query } from './client.ts';
import { OMZ_SPACE, registerEdgeface } from './edgeface.ts';
import { type Outcome, underLoad } from './load.ts';
import { picture } from './shared.ts';
import { send } from './swap-admin.ts';
import { startSwapServer, type SwapServer } from './swap-server.ts';
import { until } from './until.ts';

export type Person = { readonly enrolled: string; readonly others: readonly string[] };
/** By name; both recognizers know each of them on the other pictures. */
export const PERSONS: Readonly<Record<string, Person>> = {
  Vlado: { enrolled: 'person-vlado', others: ['person-vlado1', 'person-vlado5'] },
  A: { enrolled: 'stock-emotions-a-1', others: ['stock-emotions-a-2', 'stock-emotions-a-5'] },
  B: { enrolled: 'stock-emotions-b-2', others: ['stock-emotions-b-5'] },
  Christina: { enrolled: 'person-christina', others: ['person-christina'] },
};
/** Picture → whom it shows; null: nobody who is enrolled. */
export const SHOWN: readonly (readonly [string, string | null])[] = [
  ...Object.entries(PERSONS).flatMap(([name, { others }]) => others.map((one): [string, string] => [one, name])),
  ['person-nicole', null],
  ['one_face', null],
];

export const portrait = (name: string): Buffer => picture(`photos/${name}.jpg`);

export async function startReembedServer(keepWarmMs: number): Promise<SwapServer> {
  const server = await startSwapServer({
    rollout: { keep_warm_ms: keepWarmMs },
    // Nobody asks for it, and some of these tests start a server five times.
    models: { liveness: { enabled: false } },
    people: { store_images: 'crops', enrol: { several_faces: 'largest', liveness: 'off', similar: 'report' } },
  });
  try {
    await registerEdgeface(server.admin);
  } catch (error) {
    await server.stop().catch(() => {});
    throw error;
  }
  return server;
}

type Base = Pick<SwapServer, 'url'>;

export async function enrol(server: Base, subject: string, name: string, query: Query = {}): Promise<void> {
  const { collection = 'default', ...more } = query;
  const answer = await post(server, `/v1/collections/${collection}/faces`, portrait(name), { subject, ...more });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  enrolAnswerSchema.parse(answer.body);
}

export async function enrolAll(server: Base): Promise<void> {
  for (const [name, { enrolled }] of Object.entries(PERSONS)) await enrol(server, name, enrolled);
}

/** A face of which there is nothing but its numbers. */
export async function enrolEmbedding(server: SwapServer, subject: string, name: string): Promise<void> {
  const answer = await post(server, '/v1/embed', portrait(name), { embedding_format: 'array' });
  const embedding = { space: OMZ_SPACE, array: facesOf(answer).faces[0]?.embedding?.array };
  const body = { type: 'application/json', bytes: Buffer.from(JSON.stringify({ embedding })) };
  const path = `/v1/collections/default/faces?subject=${encodeURIComponent(subject)}`;
  const { status, body: told } = await send(server.socket, 'POST', path, body);
  assert.equal(status, 201, JSON.stringify(told));
}

/** The same pictures under so many names. */
export async function enrolCrowd(server: Base, count: number): Promise<void> {
  const names = Object.values(PERSONS).map(({ enrolled }) => enrolled);
  const rest = Array.from({ length: count }, (_, i) => i);
  const lane = async (): Promise<void> => {
    for (let i = rest.shift(); i !== undefined; i = rest.shift()) {
      await enrol(server, `crowd ${i}`, names[i % names.length] ?? '');
    }
  };
  await Promise.all([lane(), lane(), lane()]);
}

export async function recognize(server: Base, name: string, query: Query = {}): Promise<FacesAnswer> {
  return facesOf(await post(server, '/v1/recognize', portrait(name), query));
}

/** Whom each picture is said to show, where that is not whom it shows. Empty: all are right. */
export async function mistakes(server: Base, version: string): Promise<string[]> {
  const found: string[] = [];
  for (const [name, person] of SHOWN) {
    const { faces, models } = await recognize(server, name);
    const [face] = faces;
    if (face?.identity !== person) found.push(`${name}: ${face?.identity}, ${JSON.stringify(face?.matches)}`);
    if (models['recognizer']?.version !== version) found.push(`${name}: answered by ${models['recognizer']?.version}`);
  }
  return found;
}

export type Load = {
  readonly requests: number;
  readonly failed: string[];
  readonly wrong: string[];
  readonly versions: Set<string>;
};

/** Two clients ask who is on a picture, again and again. */
export async function whileAsking<R>(server: Base, act: () => Promise<R>): Promise<{ result: R; load: Load }> {
  const ask = async (n: number) => {
    const [name, person] = SHOWN[n % SHOWN.length] ?? ['', null];
    const answer = await post({ url: server.url }, '/v1/recognize', portrait(name));
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
    const { faces, models } = facesAnswerSchema.parse(answer.body);
    const identity = faces[0]?.identity ?? null;
    const wrong = identity === person ? null : `${name}: ${identity}`;
    return { wrong, version: models['recognizer']?.version ?? '' };
  };
  const { result, outcomes } = await underLoad(2, ask, act);
  const answers = outcomes.flatMap((one) => ('answer' in one ? [one.answer] : []));
  const load = {
    requests: outcomes.length,
    failed: outcomes.flatMap((one) => ('error' in one ? [told(one)] : [])),
    wrong: answers.flatMap(({ wrong }) => (wrong === null ? [] : [wrong])),
    versions: new Set(answers.map(({ version }) => version)),
  };
  return { result, load };
}

function told(outcome: Extract<Outcome<unknown>, { error: unknown }>): string {
  return String(outcome.error);
}

export type Reembeds = {
  begin(version: string): Promise<Reembed | Problem>;
  status(): Promise<Reembed | null>;
  cancel(): Promise<Reembed>;
  /** As it ended. */
  ended(boundMs?: number): Promise<Reembed>;
  /** When so many faces are embedded, and the job still runs. */
  reached(done: number): Promise<Reembed>;
};

export function reembeds({ socket }: Pick<SwapServer, 'socket'>): Reembeds {
  const path = '/v1/people/reembed';
  const status = async (): Promise<Reembed | null> => {
    const answer = await send(socket, 'GET', path);
    return answer.status === 404 ? null : reembedSchema.parse(answer.body);
  };
  return {
    async begin(version) {
      const body = { type: 'application/json', bytes: Buffer.from(JSON.stringify({ version })) };
      const answer = await send(socket, 'POST', path, body);
      return answer.status === 202 ? reembedSchema.parse(answer.body) : problemSchema.parse(answer.body);
    },
    status,
    cancel: async () => reembedSchema.parse((await send(socket, 'DELETE', path)).body),
    ended: (boundMs = 60_000) =>
      until('the job has ended', boundMs, async () => {
        const now = await status();
        return now !== null && now.state !== 'running' && now;
      }),
    reached: (done) =>
      until(`${done} faces are embedded`, 60_000, async () => {
        const now = await status();
        if (now !== null && now.state !== 'running') throw new Error(`it ended as ${now.state}: ${now.detail}`);
        return now !== null && now.done >= done && now;
      }),
  };
}

export async function collectionOf({ socket }: Pick<SwapServer, 'socket'>, name = 'default'): Promise<Collection> {
  return collectionSchema.parse((await send(socket, 'GET', `/v1/collections/${name}`)).body);
}

/** Aliases of each version of the recognizer that has one. */
export async function aliases({ admin }: SwapServer): Promise<Record<string, string[]>> {
  const { versions } = await admin.versions('recognizer');
  return Object.fromEntries(versions.filter((one) => one.aliases.length > 0).map((one) => [one.version, one.aliases]));
}
