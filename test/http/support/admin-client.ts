/** A server with a fake rollout, and an administrator who asks it over TCP. */
import type { TestContext } from 'node:test';
import { type Problem, problemSchema } from '../../../src/contract/results.ts';
import { looseKey, storeOf } from '../../fixtures/auth/keys.ts';
import { type FakeChanges, type FakeChangesOptions, fakeChanges } from './changes.ts';
import { startServer, type TestServer, type TestServerOptions } from './server.ts';

type Body = FormData | string | ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
export type Ask = { readonly body?: Body | object; readonly headers?: Record<string, string>; readonly token?: string };

export type AdminClient = {
  readonly server: TestServer;
  readonly changes: FakeChanges;
  /** Id of the administrator's key, as `by` and the audit log tell it. */
  readonly who: string;
  readonly token: string;
  /** A plain object is sent as JSON. */
  ask(method: string, path: string, options?: Ask): Promise<Response>;
  /** The same, and the answer has to be a problem. */
  refused(method: string, path: string, options?: Ask): Promise<Problem>;
};

export async function adminClient(
  t: TestContext,
  options: FakeChangesOptions = {},
  serverOptions: TestServerOptions = {},
): Promise<AdminClient> {
  const changes = fakeChanges(options);
  const admin = looseKey({ scopes: ['admin'] });
  const server = await startServer({ changes, adminHttp: true, keys: storeOf([admin.key]), ...serverOptions });
  t.after(() => server.close());
  const ask: AdminClient['ask'] = (method, path, { body, headers = {}, token = admin.token } = {}) => {
    const isJson = body !== undefined && Object.getPrototypeOf(body) === Object.prototype;
    const sent = isJson ? JSON.stringify(body) : (body as Body | undefined);
    return fetch(server.url + path, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(isJson ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
      ...(sent instanceof ReadableStream ? { duplex: 'half' } : {}),
    });
  };
  return {
    server,
    changes,
    who: `key:${admin.key.id}`,
    token: admin.token,
    ask,
    async refused(method, path, more) {
      const answer = await ask(method, path, more);
      return problemSchema.parse(await answer.json());
    },
  };
}
