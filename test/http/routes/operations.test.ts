import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelsAnswerSchema } from '../../../src/contract/results.ts';
import { healthSchema, readySchema } from '../../../src/http/openapi/schemas.ts';
import { fakePeople, STATUS } from '../support/people.ts';
import { MODEL_STATUS, startServer, type TestServer, type TestServerOptions, VERSION } from '../support/server.ts';

async function withServer(options: TestServerOptions, use: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startServer(options);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

describe('operations', () => {
  it('GET /healthz says that the process answers, also while it stops', async () => {
    await withServer({ control: { stopping: () => true } }, async ({ url }) => {
      for (const path of ['/healthz', '/v1/healthz']) {
        const answer = await fetch(url + path);
        assert.equal(answer.status, 200);
        const health = healthSchema.parse(await answer.json());
        assert.equal(health.version, VERSION);
        assert.ok(health.uptime_s > 0);
      }
    });
  });

  it('GET /readyz is 200 when every check passed', async () => {
    await withServer({}, async ({ url }) => {
      const answer = await fetch(`${url}/readyz`);
      assert.equal(answer.status, 200);
      const { ready, checks } = readySchema.parse(await answer.json());
      assert.equal(ready, true);
      assert.deepEqual(checks, [
        { name: 'detector', ok: true, detail: 'answered in 3 ms' },
        { name: 'people', ok: true, detail: 'ready' },
      ]);
    });
  });

  it('is not ready over people whom no recognizer can be compared with', async () => {
    const detail = 'the collection "secret staff" is known in the space a';
    const mismatch = { collections: ['secret staff'], count: 1, faces: 3, spaces: ['a'], detail };
    await withServer({ people: fakePeople({ status: () => ({ ...STATUS, mismatch }) }) }, async ({ url }) => {
      const answer = await fetch(`${url}/readyz`);
      assert.equal(answer.status, 503);
      const text = await answer.text();
      assert.match(text, /"name":"people","ok":false,"detail":"known in another embedding space/);
      assert.ok(!text.includes('secret'));
    });
  });

  it('people are a check of GET /readyz, whose reason everybody may not read', async () => {
    for (const [state, ok] of [
      ['off', true],
      ['empty', true],
      ['ready', true],
      ['loading', false],
      ['failed', false],
    ] as const) {
      const people = fakePeople({
        status: () => ({ ...STATUS, state, detail: 'the key of /secret/people.db is wrong' }),
      });
      await withServer({ people }, async ({ url, metrics }) => {
        const answer = await fetch(`${url}/readyz`);
        const text = await answer.text();
        assert.equal(answer.status, ok ? 200 : 503, state);
        const check = readySchema.parse(JSON.parse(text)).checks.at(-1);
        assert.deepEqual([check?.name, check?.ok], ['people', ok]);
        assert.doesNotMatch(text, /secret/);
        if (ok) return;
        assert.match(await metrics.registry.metrics(), /route="readyz",status="503",code="people_unavailable"} 1/);
      });
    }
  });

  const bad: readonly (readonly [what: string, options: TestServerOptions, failed: string])[] = [
    [
      'a check failed',
      {
        control: {
          ready: async () => [
            { name: 'detector', ok: true, detail: 'fine' },
            { name: 'liveness', ok: false, detail: 'loading' },
          ],
        },
      },
      'liveness',
    ],
    ['the server stops', { control: { stopping: () => true } }, 'server'],
    ['the checks throw', { control: { ready: () => Promise.reject(new Error('at /secret/path')) } }, 'server'],
    ['the checks hang', { limits: { timeout_ms: 5 }, control: { ready: () => new Promise(() => {}) } }, 'server'],
  ];
  for (const [what, options, failed] of bad) {
    it(`GET /readyz is 503 and names what is wrong when ${what}`, async () => {
      await withServer(options, async ({ url }) => {
        const answer = await fetch(`${url}/readyz`);
        assert.equal(answer.status, 503);
        const text = await answer.text();
        const { ready, checks } = readySchema.parse(JSON.parse(text));
        assert.equal(ready, false);
        assert.deepEqual(
          checks.filter((check) => !check.ok).map((check) => check.name),
          [failed],
        );
        assert.doesNotMatch(text, /secret/);
      });
    });
  }

  it('GET /v1/models shows what control says, and not at the root', async () => {
    await withServer({}, async ({ url }) => {
      const answer = await fetch(`${url}/v1/models`);
      assert.deepEqual(modelsAnswerSchema.parse(await answer.json()), { models: [MODEL_STATUS] });
      assert.equal((await fetch(`${url}/models`)).status, 404);
    });
  });

  it('GET /metrics is the text format', async () => {
    await withServer({}, async ({ url }) => {
      const answer = await fetch(`${url}/metrics`);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
      const text = await answer.text();
      for (const line of text.split('\n')) {
        assert.match(line, /^(# (HELP|TYPE) facepool_\w+ .+|facepool_\w+(\{[^}]*\})? (-?[\d.]+(e[+-]?\d+)?|Nan)|)$/);
      }
    });
  });
});
