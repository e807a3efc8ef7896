/** Versions and swaps over the admin socket, as `facepool swap` asks for them. */
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { type ReloadAnswer, reloadAnswerSchema } from '../../../src/contract/reload.ts';
import { problemSchema } from '../../../src/contract/results.ts';
import { type Swap, swapSchema, type VersionsAnswer, versionsAnswerSchema } from '../../../src/contract/rollout.ts';

export type Refusal = { readonly status: number; readonly code: string; readonly detail: string };
export type Answered<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };
export type SwapWish = {
  readonly version: string;
  readonly strategy?: 'immediate' | 'canary' | 'shadow';
  readonly percent?: number;
  readonly auto_rollback?: boolean;
  readonly allow_gap?: boolean;
  readonly if_generation?: number;
  readonly why?: string;
};

export type SwapAdmin = {
  versions(model: string): Promise<VersionsAnswer>;
  /** Resolves when it is over or live, or refused. */
  swap(model: string, wish: SwapWish): Promise<Answered<Swap>>;
  /** Resolves when it has begun. */
  begin(model: string, wish: SwapWish): Promise<Answered<Swap>>;
  find(id: string): Promise<Swap>;
  promote(model: string): Promise<Answered<Swap>>;
  rollback(model: string): Promise<Answered<Swap>>;
  /** Registers a version. */
  upload(model: string, form: FormData): Promise<Answered<unknown>>;
  /** Forgets a registered version. */
  remove(model: string, version: string): Promise<Answered<unknown>>;
};

export type Body = { readonly type: string; readonly bytes: Uint8Array };
export type Raw = { readonly status: number; readonly body: unknown };

export function swapAdmin(socketPath: string): SwapAdmin {
  const call = async (method: string, path: string, body?: Body): Promise<Answered<unknown>> => {
    const answer = await send(socketPath, method, path, body);
    if (answer.status >= 200 && answer.status <= 299) return { ok: true, value: answer.body };
    const { status, code, detail } = problemSchema.parse(answer.body);
    return { ok: false, refusal: { status, code, detail } };
  };
  const toSwap = (answer: Answered<unknown>): Answered<Swap> =>
    answer.ok ? { ok: true, value: swapSchema.parse(answer.value) } : answer;
  const get = async (path: string): Promise<unknown> => {
    const answer = await call('GET', path);
    if (!answer.ok) throw new Error(`${path}: ${answer.refusal.code}: ${answer.refusal.detail}`);
    return answer.value;
  };
  const order = async (model: string, path: string, body: unknown = {}): Promise<Answered<Swap>> =>
    toSwap(await call('POST', `/v1/models/${model}/${path}`, jsonBody(body)));
  return {
    versions: async (model) => versionsAnswerSchema.parse(await get(`/v1/models/${model}/versions`)),
    swap: (model, wish) => order(model, 'swap?wait=true', wish),
    begin: (model, wish) => order(model, 'swap', wish),
    find: async (id) => swapSchema.parse(await get(`/v1/swaps/${id}`)),
    promote: (model) => order(model, 'promote'),
    rollback: (model) => order(model, 'rollback'),
    async upload(model, form) {
      // Response knows how a form is written.
      const written = new Response(form);
      const type = written.headers.get('content-type') ?? '';
      return call('POST', `/v1/models/${model}/versions`, { type, bytes: new Uint8Array(await written.arrayBuffer()) });
    },
    remove: (model, version) => call('DELETE', `/v1/models/${model}/versions/${version}`),
  };
}

function jsonBody(value: unknown): Body {
  return { type: 'application/json', bytes: Buffer.from(JSON.stringify(value)) };
}

/** As `facepool reload` asks for it; undefined where it is refused, as while what the last one began is not done. */
export async function reload(socketPath: string, dryRun = false): Promise<ReloadAnswer | undefined> {
  const { status, body } = await send(socketPath, 'POST', '/v1/reload', jsonBody({ dry_run: dryRun }));
  if (status >= 500) throw new Error(`reload: ${status} ${JSON.stringify(body)}`);
  return status === 200 ? reloadAnswerSchema.parse(body) : undefined;
}

export async function send(socketPath: string, method: string, path: string, body?: Body): Promise<Raw> {
  const { promise, resolve, reject } = Promise.withResolvers<Raw>();
  const headers = {
    Host: 'localhost',
    Accept: 'application/json',
    ...(body && { 'Content-Type': body.type, 'Content-Length': body.bytes.length }),
  };
  const sent = request({ socketPath, method, path, headers, agent: false }, (answer) => {
    const status = answer.statusCode ?? 0;
    if (status === 204) resolve({ status, body: answer.resume() && null });
    else json(answer).then((value) => resolve({ status, body: value }), reject);
  });
  sent.on('error', reject);
  sent.end(body?.bytes);
  return promise;
}
