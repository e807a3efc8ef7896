/** Children that are killed, hang, or lose their server, while requests run: nobody gets an error, nobody a wrong face. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FacesAnswer } from '../../src/contract/results.ts';
import { type Answer, detect, facesOf, post } from './support/client.ts';
import { essence, underLoad } from './support/load.ts';
import { isAlive } from './support/process.ts';
import { startServer, type TestServer, withServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { until } from './support/until.ts';

/** With each of them some request waits and some runs; 32 at once are no-lost-request.test.ts. */
const CLIENTS = 8;
/** A run takes 30 ms; a machine with other tests beside may stand still for a second. */
const INFER_TIMEOUT_MS = 2000;
/** One face each, and different ones: an answer that went to the wrong request would be seen. */
const PICTURES = ['person-vlado', 'stock-emotions-a-1', 'stock-emotions-b-2', 'one_face'];
const CHILDREN = ['imaging', 'detector', 'recognizer', 'liveness'];
const QUERY = { fields: 'landmarks,ood,liveness,embedding' };

describe('crashes', { skip }, () => {
  let server: TestServer;
  const images: Buffer[] = [];
  const expected: ReturnType<typeof essence>[] = [];

  before(async () => {
    server = await startServer({ env: { FACEPOOL_WORKERS_INFER_TIMEOUT_MS: String(INFER_TIMEOUT_MS) } });
    for (const name of PICTURES) {
      const image = picture(`photos/${name}.jpg`);
      images.push(image);
      expected.push(essence(facesOf(await post(server, '/recognize', image, QUERY))));
    }
  });
  after(() => server?.stop());

  type Numbered = { readonly which: number; readonly answer: Answer };
  const request = async (n: number): Promise<Numbered> => {
    const which = n % images.length;
    return { which, answer: await post(server, '/recognize', images[which] as Buffer, QUERY) };
  };
  const answeredSoFar = (): Promise<number> =>
    server.metric('facepool_requests_total', { route: 'recognize', status: '200' });
  /** Until the server has answered so many more. */
  const moreAnswers = async (count: number): Promise<void> => {
    const before = await answeredSoFar();
    await until(`${count} more answers`, 30_000, async () => (await answeredSoFar()) >= before + count);
  };
  const assertRight = (outcomes: readonly ({ readonly answer: Numbered } | { readonly error: unknown })[]): void => {
    assert.ok(outcomes.length >= CLIENTS, `${outcomes.length} requests`);
    for (const outcome of outcomes) {
      if ('error' in outcome) throw outcome.error;
      const { which, answer } = outcome.answer;
      const found: FacesAnswer = facesOf(answer);
      assert.deepEqual(essence(found), expected[which], PICTURES[which]);
    }
  };
  const replaced = (name: string, pid: number): Promise<number> =>
    until(`${name} has a successor`, 20_000, async () => {
      const model = await server.model(name);
      return model.state === 'ready' && model.pid !== null && model.pid !== pid ? model.pid : undefined;
    });
  const kill = async (name: string): Promise<void> => {
    const { pid, restarts } = await server.model(name);
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await replaced(name, pid);
    const after = await server.model(name);
    assert.equal(after.restarts, restarts + 1);
    assert.match(after.last_death ?? '', /SIGKILL/);
  };

  for (const name of CHILDREN) {
    it(`SIGKILL of ${name} under load is answered by its successor`, async () => {
      const { outcomes } = await underLoad(CLIENTS, request, async () => {
        await moreAnswers(4);
        await kill(name);
        await moreAnswers(4);
      });
      assertRight(outcomes);
      assert.equal(await server.metric('facepool_worker_restarts_total', { model: name, reason: 'signal' }), 1);
      assert.equal(await server.metric('facepool_worker_state', { model: name, state: 'ready' }), 1);
    });
  }

  it('SIGKILL of all children at once', async () => {
    const { outcomes } = await underLoad(CLIENTS, request, async () => {
      await moreAnswers(4);
      const before = await server.models();
      for (const { pid } of before) process.kill(pid as number, 'SIGKILL');
      for (const { name, pid } of before) await replaced(name, pid as number);
      await moreAnswers(4);
    });
    assertRight(outcomes);
  });

  it('SIGKILL three times in a row', async () => {
    const { outcomes } = await underLoad(CLIENTS, request, async () => {
      // Forgets the deaths so far, which would make it wait longer each time.
      assert.equal((await server.cli('restart', 'detector')).code, 0);
      for (let i = 0; i < 3; i++) await kill('detector');
      await moreAnswers(4);
    });
    assertRight(outcomes);
    assert.equal(await server.metric('facepool_worker_restarts_total', { model: 'detector', reason: 'signal' }), 5);
    assert.equal(await server.metric('facepool_worker_restarts_total', { model: 'detector', reason: 'manual' }), 1);
  });

  it('SIGSTOP of a busy detector is a hang: it is replaced and everybody answered', async () => {
    assert.equal((await server.cli('restart', 'detector')).code, 0);
    const { pid } = await server.model('detector');
    const { outcomes } = await underLoad(CLIENTS, request, async () => {
      await moreAnswers(4);
      process.kill(pid as number, 'SIGSTOP');
      await replaced('detector', pid as number);
      await moreAnswers(4);
    });
    assertRight(outcomes);
    assert.equal(isAlive(pid as number), false);
    const { last_death } = await server.model('detector');
    assert.match(last_death ?? '', /hang/);
    assert.equal(await server.metric('facepool_worker_restarts_total', { model: 'detector', reason: 'hang' }), 1);
  });

  it('SIGSTOP of an idle recognizer is found out by the next request, which is answered', async () => {
    const { pid } = await server.model('recognizer');
    process.kill(pid as number, 'SIGSTOP');
    const { which, answer } = await request(0);
    assert.deepEqual(essence(facesOf(answer)), expected[which]);
    await replaced('recognizer', pid as number);
    assert.equal(isAlive(pid as number), false);
  });

  it('keeps no request, and every process is ready', async () => {
    assert.equal(await server.metric('facepool_queue_length'), 0);
    assert.equal(await server.metric('facepool_requests_total', { code: 'internal' }), 0);
    assert.equal(await server.metric('facepool_requests_total', { code: 'poison_input' }), 0);
    for (const { name, state } of await server.models()) assert.equal(state, 'ready', name);
  });
});

describe('the server dies', { skip }, () => {
  it('and its busy children with it, within two seconds', async () => {
    await withServer({}, async (server) => {
      const pids = await until('imaging, the monitor and three models live', 10_000, async () => {
        const found = (await server.models()).map(({ pid }) => pid ?? 0).filter((pid) => pid > 0);
        return found.length === 5 && found.every(isAlive) && found;
      });
      const image = picture('photos/solvay1927.jpg');
      const requests = Array.from({ length: 8 }, () => post(server, '/recognize', image).catch(() => 'cut off'));
      await until('inferences run', 10_000, async () => (await server.metric('facepool_inferences_total')) > 0);
      server.kill('SIGKILL');
      assert.deepEqual(await server.exited, { code: null, signal: 'SIGKILL' });
      await until('no child is left', 2000, () => !pids.some(isAlive));
      await Promise.all(requests);

      // Nothing that is left over keeps a successor from starting on the same data directory.
      const successor = await startServer({ dataDir: server.dataDir });
      assert.equal((await detect(successor, image)).faces.length, 29);
      await successor.stop();
    });
  });
});
