/** Requests over all routes, each compared with the answer that the same picture got on a quiet server. */
import { isDeepStrictEqual } from 'node:util';
import { picture } from './shared.ts';

type Base = { readonly url: string };
type Route = { readonly name: string; readonly path: string; readonly body: () => Uint8Array<ArrayBuffer> | FormData };

export type MixedOutcome = {
  readonly name: string;
  /** HTTP status; 0 when the connection broke. */
  readonly status: number;
  /** Code of the problem document, or why there was no answer; null when answered. */
  readonly code: string | null;
  /** Answered, but not what the picture deserves. */
  readonly wrong: boolean;
  readonly retryAfter: string | null;
  readonly ms: number;
};

export type Mixed = {
  readonly names: readonly string[];
  /** Sends number n of an endless mix; never rejects. */
  readonly send: (n: number, signal?: AbortSignal) => Promise<MixedOutcome>;
};

const REQUEST_MS = 60_000;

function raw(name: string): () => Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(picture(`photos/${name}.jpg`));
  return () => bytes;
}

function pair(source: string, target: string): () => Uint8Array<ArrayBuffer> | FormData {
  const files = { source_image: raw(source)(), target_image: raw(target)() };
  return () => {
    const form = new FormData();
    for (const [field, bytes] of Object.entries(files)) form.append(field, new Blob([bytes]), 'a.jpg');
    return form;
  };
}

function routes(): Route[] {
  return [
    { name: 'detect', path: '/v1/detect', body: raw('group-1') },
    {
      name: 'recognize',
      path: '/v1/recognize?fields=landmarks,ood,liveness,embedding',
      body: raw('stock-emotions-a-1'),
    },
    { name: 'liveness', path: '/v1/liveness', body: raw('person-vlado') },
    { name: 'verify', path: '/v1/verify', body: pair('stock-emotions-a-2', 'stock-emotions-a-5') },
    { name: 'embed', path: '/v1/embed', body: raw('stock-emotions-b-2') },
    { name: 'recognize several', path: '/v1/recognize?fields=ood,liveness', body: raw('stock-group-1') },
  ];
}

/** What depends on the pictures alone. */
function essence(body: unknown): unknown {
  const { request_id: _id, timings_ms: _timings, models: _models, ...rest } = body as Record<string, unknown>;
  return rest;
}

type Raw = { readonly status: number; readonly retryAfter: string | null; readonly body: unknown };

async function call(server: Base, route: Route, signal?: AbortSignal): Promise<Raw> {
  const body = route.body();
  const bound = AbortSignal.timeout(REQUEST_MS);
  const answer = await fetch(server.url + route.path, {
    method: 'POST',
    body,
    ...(body instanceof FormData ? {} : { headers: { 'content-type': 'application/octet-stream' } }),
    signal: signal === undefined ? bound : AbortSignal.any([bound, signal]),
  });
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: await answer.json() };
}

/** Asks the quiet server for every reference first; throws when it cannot answer one. */
export async function mixedRequests(server: Base): Promise<Mixed> {
  const list: { readonly route: Route; readonly expected: unknown }[] = [];
  for (const route of routes()) {
    const { status, body } = await call(server, route);
    if (status !== 200) throw new Error(`no reference for ${route.name}: ${JSON.stringify(body)}`);
    list.push({ route, expected: essence(body) });
  }
  return {
    names: list.map(({ route }) => route.name),
    async send(n, signal) {
      const entry = list[n % list.length];
      if (entry === undefined) throw new Error('no requests');
      const { route, expected } = entry;
      const begun = performance.now();
      const outcome = { name: route.name, ms: 0, retryAfter: null, wrong: false };
      try {
        const { status, retryAfter, body } = await call(server, route, signal);
        const ms = performance.now() - begun;
        if (status !== 200) return { ...outcome, status, code: codeOf(body), retryAfter, ms };
        return { ...outcome, status, code: null, wrong: !isDeepStrictEqual(essence(body), expected), ms };
      } catch (error) {
        const why = signal?.aborted === true ? 'client left' : describe(error);
        return { ...outcome, status: 0, code: why, ms: performance.now() - begun };
      }
    },
  };
}

function codeOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : 'no problem document';
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
