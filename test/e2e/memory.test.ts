/** A budget that is too small for all models at once, real processes, and the kernel's own figures as the judge. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { modelDir } from '../../src/models/catalogue.ts';
import { loadManifest } from '../../src/models/manifest-file.ts';
import { configured, onDemand } from './support/config-file.ts';
import { underLoad } from './support/load.ts';
import { type Mixed, mixedRequests } from './support/mixed.ts';
import { isAlive, ROOT } from './support/process.ts';
import { modelWorkers, sampleAnon } from './support/proc.ts';
import { startServer, type TestServer } from './support/server.ts';
import { picture, skip } from './support/shared.ts';
import { until } from './support/until.ts';
import { detect } from './support/client.ts';
import { waitsForMemory } from './support/memory-log.ts';

const MODELS = { detector: 'yunet-n', recognizer: 'omz-0095', liveness: 'facenox-98.20' };
const MB = 1_000_000;

async function loadPeaks(): Promise<number[]> {
  const peaks = Object.entries(MODELS).map(async ([name, version]) => {
    return (await loadManifest(modelDir(`${ROOT}/models`, name, version))).memory.load_peak_mb;
  });
  return (await Promise.all(peaks)).sort((a, b) => a - b);
}

describe('a budget for two models of three', { skip }, () => {
  let server: TestServer;
  let mixed: Mixed;
  let budget = 0;
  before(async () => {
    const [least = 0, , most = 0] = await loadPeaks();
    // The smallest beside the largest; never two large ones.
    budget = least + most + 10;
    server = await startServer({
      ...configured({ memory: { budgets: [`cpu=${budget}`] }, models: onDemand({ idle_ttl_ms: 60_000 }) }),
      env: { FACEPOOL_LOG_LEVEL: 'debug' },
    });
    mixed = await mixedRequests(server);
  });
  after(() => server?.stop());

  // The estimates of the manifests hold until twenty requests have shown what a model needs: the load comes last.
  it('starts the next model when the last one is really gone, and no later', async (t) => {
    for (let n = 0; n < 3; n++) {
      for (const name of ['recognizer', 'liveness']) {
        const { code, stderr } = await server.cli('load', name);
        assert.equal(code, 0, stderr);
      }
    }
    const waits = waitsForMemory(server.log()).sort((a, b) => a - b);
    assert.ok(waits.length >= 5, `${waits.length} swaps`);
    const p95 = waits[Math.floor((waits.length - 1) * 0.95)] ?? Number.NaN;
    assert.ok((waits[0] ?? -1) >= 0, 'none before the end of the process that made room');
    assert.ok(p95 <= 1000, `${p95} ms`);
    t.diagnostic(
      `stop → next start: p50 ${waits[Math.floor((waits.length - 1) / 2)]} ms, p95 ${p95} ms of ${waits.length}`,
    );
  });

  it('a crash gives the memory back as fast', async (t) => {
    const { code } = await server.cli('load', 'recognizer');
    assert.equal(code, 0);
    const { pid } = await server.model('recognizer');
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await until('it is gone', 10_000, () => !isAlive(pid));
    const begun = performance.now();
    // Its successor is on its way; liveness needs the room of both.
    assert.equal((await server.cli('load', 'liveness')).code, 0);
    t.diagnostic(`liveness serves ${(performance.now() - begun).toFixed(0)} ms after the crash of recognizer`);
    assert.equal((await server.model('recognizer')).pid, null);
    const [waited = Number.NaN] = waitsForMemory(server.log()).slice(-1);
    assert.ok(waited >= 0 && waited <= 1000, `${waited} ms`);
  });

  it('a pinned model stays, whoever needs the room', async () => {
    assert.equal((await server.cli('load', 'recognizer')).code, 0);
    assert.equal((await server.cli('pin', 'recognizer')).code, 0);
    const { pid } = await server.model('recognizer');
    const plan = await server.cli('plan', 'liveness');
    assert.doesNotMatch(plan.stdout, /evicts +recognizer/);
    const liveness = await fetch(`${server.url}/v1/liveness?timeout_ms=2000`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array(picture('photos/person-vlado.jpg')),
    });
    assert.equal(liveness.status, 504, 'the deadline of the client, while it waits for memory');
    assert.equal((await server.model('recognizer')).pid, pid);
    assert.equal((await server.cli('unpin', 'recognizer')).code, 0);
    assert.equal((await mixed.send(mixed.names.indexOf('liveness'))).status, 200, 'unpinned, it gives way');
  });

  it('serves a mixed load of six clients, and its workers never hold more than the budget', async (t) => {
    const loadsBefore = await server.metric('facepool_model_loads_total');
    const samples = sampleAnon(server.pid);
    let answered = 0;
    const { outcomes } = await underLoad(
      6,
      async (n) => {
        const outcome = await mixed.send(n);
        answered += 1;
        return outcome;
      },
      () => until('60 answers', 60_000, () => answered >= 60),
    );
    const seen = await samples.stop();
    for (const outcome of outcomes) {
      assert.ok('answer' in outcome);
      assert.equal(outcome.answer.status, 200, JSON.stringify(outcome.answer));
      assert.equal(outcome.answer.wrong, false, outcome.answer.name);
    }
    assert.ok(seen.max <= budget * MB, `${seen.max / MB} MB of ${budget} MB`);
    assert.ok(seen.max > 100 * MB && seen.count > 50, 'something was measured');
    const loads = (await server.metric('facepool_model_loads_total')) - loadsBefore;
    assert.ok(loads >= 2, 'models took turns');
    assert.ok(loads <= answered / 3, `${loads} loads for ${answered} requests: it thrashes`);
    t.diagnostic(
      `${answered} requests, ${loads} loads, peak ${(seen.max / MB).toFixed(0)} of ${budget} MB in ${seen.count} samples, at most ${seen.most} workers`,
    );
  });
});

describe('idle_ttl', { skip }, () => {
  it('unloads what nobody uses; a probe of readiness neither loads nor keeps it', async (t) => {
    const server = await startServer(configured({ models: onDemand({ idle_ttl_ms: 700 }) }));
    t.after(() => server.stop());
    assert.deepEqual(modelWorkers(server.pid), [], 'nothing is loaded at start');
    const image = picture('photos/person-vlado.jpg');
    assert.equal((await detect(server, image)).faces.length, 1);
    assert.equal(modelWorkers(server.pid).length, 1);
    await until('the detector is gone', 20_000, async () => {
      assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
      return modelWorkers(server.pid).length === 0;
    });
    const detector = await until('its bytes are counted as back', 10_000, async () => {
      const model = await server.model('detector');
      return model.supervisord_state === 'EXITED' ? model : undefined;
    });
    assert.deepEqual([detector.restarts, detector.reserved_bytes], [0, 0]);
    assert.equal((await detect(server, image)).faces.length, 1, 'the next request loads it again');
    assert.equal(await server.metric('facepool_evictions_total', { model: 'detector', reason: 'idle' }), 1);
  });
});
