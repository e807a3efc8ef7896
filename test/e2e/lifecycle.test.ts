/** From start to stop, as operators see it: readiness, models stopped and started, SIGTERM, neighbours, what is missing or wrong. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as z from 'zod';
import { type Answer, detect, facesOf, post, problemOf } from './support/client.ts';
import { essence, underLoad } from './support/load.ts';
import { facepool, isAlive } from './support/process.ts';
import { makeDataDir, preparedEnv, startServer, type TestServer, withServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { until } from './support/until.ts';

const portrait = (): Buffer => picture('photos/person-vlado.jpg');

const readySchema = z.strictObject({
  ready: z.boolean(),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

async function ready(server: TestServer) {
  const answer = await fetch(`${server.url}/readyz`);
  return { status: answer.status, ...readySchema.parse(await answer.json()) };
}

/** Readiness may be a second old. */
function readyIs(server: TestServer, status: number) {
  return until(`/readyz is ${status}`, 20_000, async () => {
    const found = await ready(server);
    return found.status === status && found;
  });
}

/** The monitor comes after the server serves. */
function monitored(server: TestServer): Promise<unknown> {
  return until('the monitor is ready', 10_000, async () => (await server.model('monitor')).state === 'ready');
}

describe('a server', { skip }, () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  it('is healthy, and ready by a real inference of each model', async () => {
    const health = await fetch(`${server.url}/healthz`);
    assert.equal(health.status, 200);
    const { status, uptime_s } = (await health.json()) as { status: string; uptime_s: number };
    assert.equal(status, 'ok');
    assert.ok(uptime_s > 0);

    const inferences = (): Promise<number> => server.metric('facepool_inferences_total', { result: 'ok' });
    const before = await inferences();
    const found = await ready(server);
    assert.equal(found.status, 200, JSON.stringify(found));
    assert.deepEqual(
      found.checks.map(({ name, ok }) => [name, ok]),
      [
        ['imaging', true],
        ['detector', true],
        ['recognizer', true],
        ['liveness', true],
        ['people', true],
      ],
    );
    for (const { detail } of found.checks.slice(1, -1)) assert.match(detail, /golden probe passed, cosine 1\.0|0\.999/);
    assert.equal((await inferences()) - before, 3, 'one in each model');
  });

  it('tells each process as it is', async () => {
    await monitored(server);
    const models = await server.models();
    assert.deepEqual(
      models.map(({ name, version, provider, state, supervisord_state }) => [
        name,
        version,
        provider,
        state,
        supervisord_state,
      ]),
      [
        ['imaging', null, null, 'ready', 'RUNNING'],
        ['detector', 'yunet-n', 'cpu', 'ready', 'RUNNING'],
        ['recognizer', 'omz-0095', 'cpu', 'ready', 'RUNNING'],
        ['liveness', 'facenox-98.20', 'cpu', 'ready', 'RUNNING'],
        ['monitor', null, null, 'ready', 'RUNNING'],
      ],
    );
    assert.equal(new Set(models.map(({ pid }) => pid)).size, 5, 'a process each');
    for (const { name, pid, memory_bytes, load_ms } of models) {
      assert.ok(pid !== null && isAlive(pid) && pid !== server.pid, name);
      assert.ok((memory_bytes ?? 0) > 5e6 && (load_ms ?? 0) > 0, name);
    }
  });

  it('a stopped model is told as such, the others serve; started again, it serves', async () => {
    await readyIs(server, 200);
    const stopped = await server.cli('stop', 'detector');
    assert.equal(stopped.code, 0, stopped.stderr);
    const answer = await post(server, '/detect', portrait());
    assert.match(problemOf(answer, 'model_stopped').detail, /facepool start detector/);
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
    const { checks } = await readyIs(server, 503);
    assert.deepEqual(
      checks.filter(({ ok }) => !ok).map(({ name }) => name),
      ['detector'],
    );
    const { state, pid, supervisord_state } = await server.model('detector');
    assert.deepEqual([state, pid, supervisord_state], ['stopped', null, 'STOPPED']);

    assert.equal((await server.cli('start', 'detector')).code, 0);
    assert.equal((await detect(server, portrait())).faces.length, 1);
    await readyIs(server, 200);
  });

  it('restarts a recognizer under load without one failure', async () => {
    const expected = essence(facesOf(await post(server, '/recognize', portrait(), { fields: 'embedding' })));
    const { pid } = await server.model('recognizer');
    const { outcomes } = await underLoad(
      8,
      () => post(server, '/recognize', portrait(), { fields: 'embedding' }),
      async () => {
        for (let i = 0; i < 2; i++) assert.equal((await server.cli('restart', 'recognizer')).code, 0);
      },
    );
    assert.ok(outcomes.length >= 8);
    for (const outcome of outcomes) {
      if ('error' in outcome) throw outcome.error;
      assert.deepEqual(essence(facesOf(outcome.answer)), expected);
    }
    assert.notEqual((await server.model('recognizer')).pid, pid);
    assert.equal(await server.metric('facepool_worker_restarts_total', { model: 'recognizer', reason: 'manual' }), 2);
  });

  it('restarts imaging and stops it, too', async () => {
    assert.equal((await server.cli('restart', 'imaging')).code, 0);
    assert.equal((await detect(server, portrait())).faces.length, 1);
    assert.equal((await server.cli('stop', 'imaging')).code, 0);
    problemOf(await post(server, '/detect', portrait()), 'model_stopped');
    assert.equal((await server.cli('start', 'imaging')).code, 0);
    assert.equal((await detect(server, portrait())).faces.length, 1);
  });

  it('a second server on its data directory is refused in one clear line', async () => {
    const second = facepool(['start', '--data-dir', server.dataDir, '--port', '0'], await preparedEnv());
    const { code } = await second.exited;
    assert.notEqual(code, 0);
    assert.equal(second.stderr().trim().split('\n').length, 1, second.stderr());
    assert.match(second.stderr(), new RegExp(`another server.*pid ${server.pid}.*--data-dir`));
    assert.doesNotMatch(second.stderr(), /\bat .*\.ts:\d/);
    assert.equal((await detect(server, portrait())).faces.length, 1, 'the first one is none the worse');
  });

  it('a second server on its port is refused in one clear line, and leaves nothing behind', async () => {
    const dataDir = makeDataDir();
    try {
      const { port } = new URL(server.url);
      const second = facepool(['start', '--data-dir', dataDir, '--port', port], await preparedEnv());
      const { code } = await second.exited;
      assert.notEqual(code, 0);
      assert.match(second.stderr(), new RegExp(`127\\.0\\.0\\.1:${port} is in use.*http\\.port`));
      assert.equal(existsSync(path.join(dataDir, 'admin.sock')), false);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  it('serves beside another one with a data directory of its own', async () => {
    await withServer({}, async (other) => {
      await monitored(other);
      const [a, b] = await Promise.all([detect(server, portrait()), detect(other, portrait())]);
      assert.deepEqual(a.faces, b.faces);
      const pids = [...(await server.models()), ...(await other.models())].map(({ pid }) => pid);
      assert.equal(new Set(pids).size, 10);
      assert.equal((await other.cli('stop', 'detector')).code, 0);
      assert.equal((await server.model('detector')).state, 'ready');
    });
    assert.equal((await detect(server, portrait())).faces.length, 1);
  });
});

describe('SIGTERM under load', { skip }, () => {
  it('answers what runs, says 503 to what comes, ends every process and exits with 0', async () => {
    await withServer({}, async (server) => {
      const pids = (await server.models()).map(({ pid }) => pid as number);
      const image = picture('photos/solvay1927.jpg');
      const running = Array.from({ length: 6 }, () => post(server, '/recognize', image));
      // They are looked at below, or do not matter.
      for (const one of running) one.catch(() => {});
      const inFlight = (): Promise<number> => server.metric('facepool_requests_in_flight');
      // The scrape is the seventh.
      await until('all are in flight', 10_000, async () => (await inFlight()) === 7);
      server.kill('SIGTERM');

      const meanwhile = await until('it stops', 20_000, async () => {
        const found = await ready(server);
        return found.status === 503 && found;
      });
      assert.deepEqual(meanwhile.checks, [{ name: 'server', ok: false, detail: 'shutting down' }]);
      const late = await post(server, '/detect', portrait());
      problemOf(late, 'shutting_down');
      assert.match(late.headers.get('retry-after') ?? '', /^\d+$/);

      const answers: Answer[] = await Promise.all(running);
      for (const answer of answers) assert.equal(facesOf(answer).faces.length, 29);
      assert.deepEqual(await server.exited, { code: 0, signal: null });
      assert.deepEqual(pids.filter(isAlive), []);
      assert.equal(existsSync(server.socket), false);
      assert.equal(existsSync(path.join(server.dataDir, 'server.pid')), false);
      await assert.rejects(fetch(`${server.url}/healthz`));
      assert.deepEqual(
        server.log().filter(({ level }) => level === 'error' || level === 'fatal'),
        [],
      );
    });
  });

  it('also while it starts', async () => {
    const dataDir = makeDataDir();
    try {
      const server = facepool(['start', '--data-dir', dataDir, '--port', '0'], await preparedEnv());
      await until('it has begun', 20_000, () => server.stdout().includes('admin socket is open'));
      server.kill('SIGTERM');
      assert.deepEqual(await server.exited, { code: 0, signal: null });
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});

describe('missing weights', { skip }, () => {
  const absent = (dataDir: string): Record<string, string> => ({
    FACEPOOL_STORE_MIRRORS: `["${dataDir}/no-mirror"]`,
    FACEPOOL_STORE_OFFLINE: 'true',
  });

  it('do not stop the server; each route says what to do', async () => {
    const dataDir = makeDataDir();
    await withServer({ prepared: false, dataDir, env: absent(dataDir) }, async (server) => {
      for (const name of ['detector', 'recognizer', 'liveness']) {
        const { state, supervisord_state, reason, pid } = await server.model(name);
        assert.deepEqual([state, supervisord_state, pid], ['missing', 'FATAL', null]);
        assert.match(reason, new RegExp(`facepool models pull ${name}`));
      }
      const answer = await post(server, '/detect', portrait());
      assert.match(problemOf(answer, 'model_missing').detail, /facepool models pull detector/);
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
      assert.equal((await ready(server)).status, 503);
      assert.match(server.stderr(), /started, not everything is ready/);
    });
  });

  it('of one model leave the others working; once they are there, a start is enough', async () => {
    const dataDir = makeDataDir();
    const weights = path.join(dataDir, 'some-weights');
    mkdirSync(weights);
    const env = { ...absent(dataDir), FACEPOOL_STORE_CACHE_DIR: weights };
    const pull = facepool(['models', 'pull', 'detector', '--data-dir', dataDir], { FACEPOOL_STORE_CACHE_DIR: weights });
    assert.equal((await pull.exited).code, 0, pull.stderr());
    await withServer({ dataDir, env }, async (server) => {
      assert.equal((await detect(server, portrait())).faces.length, 1);
      problemOf(await post(server, '/recognize', portrait()), 'model_missing');
      problemOf(await post(server, '/liveness', portrait()), 'model_missing');
      const rest = facepool(['models', 'pull', 'recognizer', '--data-dir', dataDir], {
        FACEPOOL_STORE_CACHE_DIR: weights,
      });
      assert.equal((await rest.exited).code, 0, rest.stderr());
      assert.equal((await server.cli('start', 'recognizer')).code, 0);
      assert.equal(facesOf(await post(server, '/recognize', portrait())).faces.length, 1);
      assert.equal((await server.model('liveness')).state, 'missing');
    });
  });
});

describe('a wrong setting', { skip }, () => {
  const refused = async (args: string[], env: Record<string, string>): Promise<string> => {
    const dataDir = makeDataDir();
    try {
      const server = facepool(['start', '--data-dir', dataDir, '--port', '0', ...args], env);
      const { code } = await server.exited;
      assert.equal(code, 5);
      assert.equal(server.stdout(), '');
      assert.doesNotMatch(server.stderr(), /\.ts:\d/);
      return server.stderr();
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  };

  it('is refused at start with its path and what is allowed', async () => {
    const told = await refused(['--set', 'limits.queue=0'], { FACEPOOL_LOG_LEVEL: 'loud', FACEPOOL_HTTP_PROT: '80' });
    assert.match(told, /limits\.queue .*0 is not allowed; allowed: /);
    assert.match(told, /log\.level .*"loud" is not allowed; allowed: .*trace/);
    assert.match(told, /FACEPOOL_HTTP_PROT .*unknown setting.*FACEPOOL_HTTP_PORT/);
  });
});
