/** A server with fake people that asks for keys, and clients with keys of several scopes. */
import type { TestContext } from 'node:test';
import type { Scope } from '../../../src/auth/scopes.ts';
import type { People } from '../../../src/contract/people.ts';
import { type Problem, problemSchema } from '../../../src/contract/results.ts';
import { looseKey } from '../../fixtures/auth/keys.ts';
import { fakeChanges, type FakeChanges } from './changes.ts';
import { type FakePeople, fakePeople } from './people.ts';
import { startServer, type TestServer, type TestServerOptions } from './server.ts';

type Body = FormData | string | ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
export type Ask = {
  readonly body?: Body | object | undefined;
  readonly headers?: Record<string, string>;
  /** Scopes of the key that asks; default: admin. */
  readonly as?: readonly Scope[];
  readonly signal?: AbortSignal;
};

const ADMIN: readonly Scope[] = ['admin'];

export type PeopleClient = {
  readonly server: TestServer;
  readonly people: FakePeople;
  readonly audited: FakeChanges['audited'];
  /** Of the administrator's key, as the audit log tells it. */
  readonly who: string;
  token(as: readonly Scope[]): string;
  /** The key is no more, as far as the server can see. */
  revoke(as: readonly Scope[]): void;
  /** A plain object is sent as JSON. */
  ask(method: string, path: string, options?: Ask): Promise<Response>;
  /** The same, and the answer has to be a problem. */
  refused(method: string, path: string, options?: Ask): Promise<Problem>;
};

/** A server that asks for keys, and one key for each combination of scopes that a test uses. */
export async function peopleClient(
  t: TestContext,
  over: Partial<People> = {},
  options: TestServerOptions = {},
): Promise<PeopleClient> {
  const people = fakePeople(over);
  const changes = fakeChanges();
  const scopes: (readonly Scope[])[] = [
    ['admin'],
    ['infer'],
    ['people:read'],
    ['people:write'],
    ['people:read', 'people:write'],
  ];
  const made = scopes.map((own) => ({ name: own.join(), ...looseKey({ scopes: [...own] }) }));
  const keyOf = (as: readonly Scope[]): (typeof made)[number] => {
    const found = made.find(({ name }) => name === as.join());
    if (found === undefined) throw new Error(`no key has ${as.join()}`);
    return found;
  };
  const revoked = new Set<string>();
  const server = await startServer({
    people,
    changes,
    adminHttp: true,
    auth: { mode: 'required' },
    keys: { find: (id) => made.find(({ key }) => key.id === id && !revoked.has(id))?.key },
    ...options,
  });
  t.after(() => server.close());
  const ask: PeopleClient['ask'] = (method, path, { body, headers = {}, as = ADMIN, signal } = {}) => {
    const isJson = body !== undefined && Object.getPrototypeOf(body) === Object.prototype;
    const sent = isJson ? JSON.stringify(body) : (body as Body | undefined);
    return fetch(server.url + path, {
      method,
      headers: {
        Authorization: `Bearer ${keyOf(as).token}`,
        ...(isJson ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
      ...(signal === undefined ? {} : { signal }),
      ...(sent instanceof ReadableStream ? { duplex: 'half' } : {}),
    });
  };
  return {
    server,
    people,
    audited: changes.audited,
    who: `key:${keyOf(ADMIN).key.id}`,
    token: (as) => keyOf(as).token,
    revoke: (as) => void revoked.add(keyOf(as).key.id),
    ask,
    async refused(method, path, more) {
      return problemSchema.parse(await (await ask(method, path, more)).json());
    },
  };
}
