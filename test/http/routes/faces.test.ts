import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { ERROR_CATALOGUE, type ErrorCode, FacepoolError } from '../../../src/contract/errors.ts';
import { facesAnswerSchema, problemSchema, verifyAnswerSchema } from '../../../src/contract/results.ts';
import type { FacesRequest } from '../../../src/contract/services.ts';
import { CLIENT_GONE } from '../../../src/http/deadline.ts';
import { facesAnswer, startServer, type TestServer, type TestServerOptions } from '../support/server.ts';

const IMAGE = { 'Content-Type': 'image/jpeg' };
const send = (
  url: string,
  init: { body?: string | FormData; headers?: Record<string, string>; signal?: AbortSignal } = {},
) => fetch(url, { method: 'POST', body: 'picture', ...init, headers: { ...IMAGE, ...init.headers } });

/** A pipeline that answers only when its signal is aborted, and tells its reason. */
function stuck() {
  const started = Promise.withResolvers<FacesRequest>();
  const aborted = Promise.withResolvers<unknown>();
  const faces: TestServerOptions['faces'] = (request) => {
    started.resolve(request);
    return new Promise((_resolve, reject) => {
      request.signal.addEventListener('abort', () => {
        aborted.resolve(request.signal.reason);
        reject(request.signal.reason);
      });
    });
  };
  return { faces, started: started.promise, aborted: aborted.promise };
}

async function withServer(options: TestServerOptions, use: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startServer(options);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

describe('routes with pictures', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.close());

  for (const prefix of ['', '/v1']) {
    for (const route of ['detect', 'recognize', 'liveness', 'embed'] as const) {
      it(`POST ${prefix}/${route} answers with what the pipeline made`, async () => {
        const answer = await send(`${server.url}${prefix}/${route}?limit=1`);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
        const body = facesAnswerSchema.parse(await answer.json());
        const call = server.calls.at(-1);
        assert.equal(call?.route, route);
        assert.deepEqual(call.request.options, { limit: 1 });
        assert.equal(body.request_id, answer.headers.get('x-request-id'));
        assert.equal(call.request.requestId, body.request_id);
      });
    }
  }

  it('POST /verify answers with the verdict', async () => {
    const form = new FormData();
    form.append('source_image', new Blob(['a']), 'a');
    form.append('target_image', new Blob(['b']), 'b');
    const answer = await fetch(`${server.url}/v1/verify`, { method: 'POST', body: form });
    assert.equal(verifyAnswerSchema.parse(await answer.json()).match, true);
  });

  it('keeps a sane X-Request-Id and replaces any other', async () => {
    const sane = await send(`${server.url}/detect`, { headers: { 'X-Request-Id': 'my-id_1.2' } });
    assert.equal(sane.headers.get('x-request-id'), 'my-id_1.2');
    assert.equal(((await sane.json()) as { request_id: string }).request_id, 'my-id_1.2');
    for (const id of ['a b', '../x', 'x'.repeat(101), '{"a":1}']) {
      const answer = await send(`${server.url}/detect`, { headers: { 'X-Request-Id': id } });
      assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9A-HJKMNP-TV-Z]{26}$/, id);
    }
  });

  for (const code of Object.keys(ERROR_CATALOGUE) as ErrorCode[]) {
    it(`passes ${code} on as a problem document`, async () => {
      const fail = async () => {
        throw new FacepoolError(code, 'the reason', { param: 'file', retryAfterS: 7 });
      };
      await withServer({ faces: fail }, async ({ url, logLines }) => {
        const answer = await send(`${url}/detect`);
        const { status } = ERROR_CATALOGUE[code];
        assert.equal(answer.status, status);
        assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
        assert.equal(answer.headers.get('retry-after'), status === 429 || status === 503 ? '7' : null);
        const problem = problemSchema.parse(await answer.json());
        assert.equal(problem.code, code);
        assert.equal(problem.request_id, answer.headers.get('x-request-id'));
        assert.equal(problem.param, 'file');
        assert.equal(
          logLines.some((line) => line['err'] !== undefined),
          status === 500 || status === 502,
        );
      });
    });
  }

  it('tells nothing of an unknown error, but logs its stack under the request id', async () => {
    const fail = async () => {
      throw new TypeError('cannot read /secret/path');
    };
    await withServer({ faces: fail }, async ({ url, logLines }) => {
      const answer = await send(`${url}/detect`);
      const text = await answer.text();
      assert.equal(answer.status, 500);
      assert.doesNotMatch(text, /secret|TypeError|\.ts/);
      const line = logLines.find((entry) => entry['level'] === 'error');
      assert.equal(line?.['request_id'], JSON.parse(text).request_id);
      assert.match(JSON.stringify(line), /cannot read \/secret\/path.*faces\.test\.ts/);
    });
  });

  it('refuses work while the server stops', async () => {
    await withServer({ control: { stopping: () => true } }, async ({ url, calls }) => {
      const answer = await send(`${url}/detect`);
      assert.equal(answer.status, 503);
      assert.equal(problemSchema.parse(await answer.json()).code, 'shutting_down');
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
      assert.equal(calls.length, 0);
    });
  });
});

describe('deadlines', () => {
  const cases: readonly (readonly [
    how: string,
    path: string,
    body: string | FormData,
    limits: TestServerOptions['limits'],
  ])[] = [
    ['of the query', '/detect?timeout_ms=5', 'picture', {}],
    ['of the config', '/detect', 'picture', { timeout_ms: 5 }],
    ['of the query, capped by the config', '/detect?timeout_ms=60000', 'picture', { max_timeout_ms: 5 }],
    [
      'of a JSON member, shorter than the default',
      '/detect',
      JSON.stringify({ image: { base64: 'AAAA' }, timeout_ms: 5 }),
      {},
    ],
  ];
  for (const [how, path, body, limits] of cases) {
    it(`${how}: the signal is aborted and the client gets 504`, async () => {
      const work = stuck();
      await withServer({ faces: work.faces, ...(limits === undefined ? {} : { limits }) }, async ({ url }) => {
        const type = typeof body === 'string' && body.startsWith('{') ? 'application/json' : 'image/jpeg';
        const answer = await send(url + path, { body, headers: { 'Content-Type': type } });
        assert.equal(answer.status, 504);
        const problem = problemSchema.parse(await answer.json());
        assert.equal(problem.code, 'deadline_exceeded');
        assert.match(problem.detail, /5 ms/);
        const reason = await work.aborted;
        assert.ok(reason instanceof FacepoolError && reason.code === 'deadline_exceeded');
      });
    });
  }

  it('holds even when the pipeline does not listen to its signal', async () => {
    await withServer({ faces: () => new Promise(() => {}) }, async ({ url }) => {
      assert.equal((await send(`${url}/detect?timeout_ms=5`)).status, 504);
    });
  });

  it('ends an upload that does not come', async () => {
    await withServer({ limits: { timeout_ms: 5 } }, async ({ port, calls }) => {
      const socket = connect(port, '127.0.0.1');
      socket.write(
        'POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\nabc',
      );
      const [first] = await new Promise<Buffer[]>((resolve) => socket.once('data', (chunk) => resolve([chunk])));
      socket.destroy();
      assert.match(String(first), /^HTTP\/1\.1 504 /);
      assert.equal(calls.length, 0);
    });
  });

  it('are over when the answer is out: the signal stays quiet', async () => {
    let signal: AbortSignal | undefined;
    const faces = async (request: FacesRequest) => {
      signal = request.signal;
      return facesAnswer(request.requestId);
    };
    await withServer({ faces }, async (server) => {
      await (await send(`${server.url}/detect?timeout_ms=10000`)).text();
      await server.close();
      assert.equal(signal?.aborted, false);
    });
  });
});

describe('a client that goes', () => {
  it('aborts the pipeline’s signal, and is counted as such', async () => {
    const work = stuck();
    await withServer({ faces: work.faces }, async ({ url, metrics, logLines }) => {
      const client = new AbortController();
      const answer = send(`${url}/detect`, { signal: client.signal });
      await work.started;
      client.abort();
      await assert.rejects(answer);
      assert.equal(await work.aborted, CLIENT_GONE);
      const text = await metrics.registry.metrics();
      assert.match(text, /requests_total\{route="detect",status="499",code="client_closed"\} 1/);
      assert.match(text, /requests_in_flight 0/);
      assert.equal(logLines.at(-1)?.['code'], 'client_closed');
      assert.equal(
        logLines.some((line) => line['level'] === 'error'),
        false,
      );
    });
  });

  it('in the middle of its upload reaches no pipeline', async () => {
    await withServer({}, async ({ port, calls, metrics, logLines }) => {
      const socket = connect(port, '127.0.0.1');
      const arrived = Promise.withResolvers<void>();
      const gauge = metrics.requestsInFlight;
      const watch = async () => {
        while ((await gauge.get()).values[0]?.value !== 1) await new Promise((resolve) => setImmediate(resolve));
        arrived.resolve();
      };
      socket.write(
        'POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\nabc',
      );
      await watch();
      await arrived.promise;
      socket.destroy();
      while (logLines.length === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(logLines[0]?.['status'], 499);
      assert.equal(calls.length, 0);
    });
  });
});
