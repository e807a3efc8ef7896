/** Clients who never stop asking while versions change; each answer is judged by what it says of who made it. */
import { facesAnswerSchema } from '../../../src/contract/results.ts';
import { picture } from './shared.ts';
import type { Ledger } from './swap-ledger.ts';
import { difference, facesOf, type Looks } from './swap-oracle.ts';
import { type Look, MODELS } from './swap-parts.ts';

type Base = { readonly url: string };
type Route = { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> };
type Reference = Route & { readonly base: ReturnType<typeof facesAnswerSchema.parse> };

export type SwapOutcome = {
  readonly route: string;
  /** On `performance.now`. */
  readonly sent: number;
  readonly received: number;
  /** HTTP status; 0 when the connection broke. */
  readonly status: number;
  /** What was wrong; null where all was right. */
  readonly failed: string | null;
  readonly wrong: string | null;
  readonly stranger: string | null;
};

const FIELDS = '?fields=landmarks,quality,ood,liveness,embedding&embedding_format=array';
const ROUTES: readonly (readonly [string, string])[] = [
  ['/v1/detect', 'stock-group-2'],
  [`/v1/recognize${FIELDS}`, 'stock-emotions-a-1'],
  ['/v1/detect', 'stock-group-1'],
  ['/v1/recognize?fields=ood,liveness', 'stock-group-2'],
  ['/v1/detect', 'group-2'],
  [`/v1/recognize${FIELDS}`, 'person-vlado'],
];
const REQUEST_MS = 60_000;
/** People who ask, by X-Client-Id. */
const PEOPLE = 400;

export type SwapLoad = {
  readonly outcomes: readonly SwapOutcome[];
  /** Resolves when so many more have been answered. */
  readonly more: (count: number) => Promise<void>;
  /** Resolves when every client has its last answer. */
  readonly stop: () => Promise<void>;
};

/** The answers of a quiet server whose versions all look plain. Throws where one cannot be had. */
export async function references(server: Base): Promise<readonly Reference[]> {
  const found: Reference[] = [];
  for (const [path, name] of ROUTES) {
    const route = { path, bytes: new Uint8Array(picture(`photos/${name}.jpg`)) };
    const answer = await send(server, route, 'reference');
    if (answer.status !== 200) throw new Error(`no reference for ${path}: ${await answer.text()}`);
    found.push({ ...route, base: facesAnswerSchema.parse(await answer.json()) });
  }
  return found;
}

/** @param lookOf of every version that there is */
export function startLoad(
  server: Base,
  clients: number,
  known: readonly Reference[],
  ledger: Ledger,
  lookOf: (version: string) => Look,
): SwapLoad {
  const outcomes: SwapOutcome[] = [];
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  let running = true;
  let next = 0;
  const loop = async (): Promise<void> => {
    while (running) {
      const n = next++;
      const reference = known[n % known.length];
      if (reference === undefined) throw new Error('there are no requests');
      outcomes.push(await ask(server, reference, `person-${n % PEOPLE}`, ledger, lookOf));
      for (const one of waiting) if (outcomes.length >= one.count) one.resolve();
    }
  };
  const all = Promise.all(Array.from({ length: clients }, loop));
  return {
    outcomes,
    async more(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const one = { count: outcomes.length + count, resolve };
      waiting.add(one);
      await Promise.race([promise, all]);
      waiting.delete(one);
    },
    async stop() {
      running = false;
      await all;
    },
  };
}

async function ask(
  server: Base,
  reference: Reference,
  client: string,
  ledger: Ledger,
  lookOf: (version: string) => Look,
): Promise<SwapOutcome> {
  const sent = performance.now();
  const outcome = { route: reference.path, sent, status: 0, failed: null, wrong: null, stranger: null };
  try {
    const answer = await send(server, reference, client);
    const { status } = answer;
    const body: unknown = await answer.json();
    const received = performance.now();
    if (status !== 200) return { ...outcome, received, status, failed: JSON.stringify(body) };
    const { faces, models } = facesAnswerSchema.parse(body);
    const looks = looksOf(models, lookOf);
    const wrong = difference(faces, facesOf(reference.base, looks));
    return { ...outcome, received, status, wrong, stranger: ledger.check(models, client, sent) };
  } catch (error) {
    return { ...outcome, received: performance.now(), failed: describe(error) };
  }
}

function looksOf(models: Readonly<Record<string, { readonly version: string }>>, of: (version: string) => Look): Looks {
  const look = (model: string): Look => (models[model] === undefined ? 'plain' : of(models[model].version));
  const [detector, recognizer, liveness] = MODELS;
  return { detector: look(detector), recognizer: look(recognizer), liveness: look(liveness) };
}

function send(server: Base, { path, bytes }: Route, client: string): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    body: bytes,
    headers: { 'content-type': 'application/octet-stream', 'x-client-id': client },
    signal: AbortSignal.timeout(REQUEST_MS),
  });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
