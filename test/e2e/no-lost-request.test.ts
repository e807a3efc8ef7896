/** `kill -9` in the middle of 32 concurrent requests over all routes: nobody fails, nobody gets a wrong answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Mixed, type MixedOutcome, mixedRequests } from './support/mixed.ts';
import { startServer, type TestServer } from './support/server.ts';
import { skip } from './support/shared.ts';
import { until } from './support/until.ts';

const AT_ONCE = 32;
const KILLS = 2;

describe('no lost request', { skip }, () => {
  let server: TestServer;
  let mixed: Mixed;
  before(async () => {
    server = await startServer();
    mixed = await mixedRequests(server);
  });
  after(() => server?.stop());

  for (const name of ['imaging', 'detector', 'recognizer', 'liveness']) {
    it(`kill -9 of ${name}, and of its successor`, async () => {
      const { restarts } = await server.model(name);
      const done: MixedOutcome[] = [];
      const all = Array.from({ length: AT_ONCE }, async (_, n) => {
        done.push(await mixed.send(n));
      });
      for (let kill = 1; kill <= KILLS; kill++) {
        // In the middle: some are answered, most are not.
        const before = done.length;
        await until('a few more are answered', 20_000, () => done.length >= before + 3);
        assert.ok(done.length < AT_ONCE, 'others are still on their way');
        const pid = await until(`${name} is ready`, 20_000, async () => {
          const model = await server.model(name);
          return model.state === 'ready' && model.restarts === restarts + kill - 1 && (model.pid ?? undefined);
        });
        process.kill(pid, 'SIGKILL');
      }
      await Promise.all(all);
      assert.deepEqual(
        done.filter(({ status }) => status !== 200),
        [],
        'every request is answered',
      );
      assert.deepEqual(
        done.filter(({ wrong }) => wrong).map((o) => o.name),
        [],
        'every answer is that of the picture',
      );
      await until(`${name} is back`, 20_000, async () => (await server.model(name)).state === 'ready');
      assert.equal((await server.model(name)).restarts, restarts + KILLS);
    });
  }

  it('blames no picture and knows no other error', async () => {
    assert.equal(await server.metric('facepool_requests_total', { code: 'poison_input' }), 0);
    for (const status of ['422', '429', '500', '503', '504']) {
      assert.equal(await server.metric('facepool_requests_total', { status }), 0, status);
    }
    assert.ok((await server.metric('facepool_inferences_total', { result: 'retried' })) > 0, 'some were repeated');
  });
});
