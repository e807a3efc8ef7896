/** Real processes that do what no worker should, and what becomes of each: state, reason, and what the caller gets. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import path from 'node:path';
import { describe, test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import type { EventMap } from '../../src/telemetry/events.ts';
import { misbehaving } from '../fixtures/misbehaving.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

function isCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof FacepoolError && error.code === code;
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// Side by side, because they mostly wait.
describe('ended for a time that is over', { concurrency: 4 }, () => {
  test('hangs in a run: killed at the limit, the request charged and refused after the second time', async (t) => {
    const server = misbehaving(t, 'hangs', { workers: { infer_timeout_ms: 400 } });
    await server.supervisor.start();
    await assert.rejects(server.infer(), isCode('poison_input'));
    assert.equal(server.status().last_death, 'hang (SIGKILL)');
    await until('it is back', () => server.status().state === 'ready');
    assert.equal(server.status().restarts, 2);
  });

  test('ignores `stop` and SIGTERM: ended by SIGKILL at the foot of the ladder', async (t) => {
    const server = misbehaving(t, 'deaf');
    await server.supervisor.start();
    const [pid] = server.pids;
    const begun = performance.now();
    assert.equal((await server.control.stop('detector')).state, 'stopped');
    const took = performance.now() - begun;
    assert.ok(took > 2900 && took < 20_000, `${took} ms`);
    assert.ok(!existsSync(`/proc/${pid}`));
    await assert.rejects(server.infer(), isCode('model_stopped'));
  });

  for (const program of ['silent', 'never-loaded']) {
    test(`${program}: failed when the time to start is over`, async (t) => {
      const server = misbehaving(t, program, { workers: { start_timeout_ms: 700 } });
      await server.supervisor.start();
      const { state, reason, last_death: death } = server.status();
      assert.deepEqual([state, reason, death], ['failed', 'not ready within 700 ms', 'killed (SIGKILL)']);
      await assert.rejects(server.infer(), isCode('model_failed'));
    });
  }

  for (const garbage of ['message', 'type', 'junk']) {
    test(`says what is no message (${garbage}): quarantined, and nobody is charged`, async (t) => {
      const server = misbehaving(t, 'garbage', { env: { GARBAGE: garbage } });
      await server.supervisor.start();
      const waiting = new AbortController();
      const asked = server.infer(waiting.signal);
      // A request that is charged is refused after the second time.
      await until('two were replaced', () => server.pids.length > 2);
      waiting.abort();
      await assert.rejects(asked, { name: 'AbortError' });
      assert.match(server.status().last_death ?? '', /^quarantined \((?:worker said|wrote junk)/);
    });
  }

  test('two crashes of one request are poison; kills from outside never are', async (t) => {
    const file = path.join(tempDir(t), 'deaths');
    writeFileSync(file, '');
    const env = { DEATHS: '2', DEATHS_FILE: file };
    const crashing = misbehaving(t, 'dies', { env: { ...env, SIGNAL: 'SIGSEGV' } });
    await crashing.supervisor.start();
    await assert.rejects(crashing.infer(), isCode('poison_input'));
    writeFileSync(file, '');
    const killed = misbehaving(t, 'dies', { env: { ...env, SIGNAL: 'SIGTERM' } });
    await killed.supervisor.start();
    assert.deepEqual((await killed.infer()).value.output, { role: 'detector', faces: [] });
  });

  test('aborts for want of memory: its class is oom, and the caller gets memory_exhausted and no blame', async (t) => {
    const server = misbehaving(t, 'aborts-for-memory', { memory: { oom_retry_ms: 20 } });
    await server.supervisor.start();
    await assert.rejects(server.infer(), isCode('memory_exhausted'));
    assert.equal(server.status().last_death, 'oom (out of memory, SIGABRT)');
  });

  test('closes its channel and lives on: ended after a second, and replaced', async (t) => {
    const server = misbehaving(t, 'unplugs');
    await server.supervisor.start();
    const [pid] = server.pids;
    const waiting = new AbortController();
    const asked = server.infer(waiting.signal);
    await until('it is ended', () => server.status().last_death !== null);
    waiting.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    assert.ok(!existsSync(`/proc/${pid}`));
    assert.equal(server.status().last_death, 'quarantined (closed its channel and lived on)');
  });
});

test('speaks another protocol version: failed at once, and not tried again', async (t) => {
  const server = misbehaving(t, 'wrong-version', { workers: { start_retries: 3 } });
  await server.supervisor.start();
  const { state, reason, last_death: death } = server.status();
  const fault = 'worker speaks protocol 999, expected 1';
  assert.deepEqual([state, reason, death], ['failed', fault, `quarantined (${fault})`]);
  assert.equal(server.pids.length, 1);
  await assert.rejects(server.infer(), isCode('model_failed'));
});

for (const code of [0, 1]) {
  test(`exits at load with code ${code}: tried again, then failed`, async (t) => {
    const options = { env: { EXIT_CODE: String(code) }, workers: { start_retries: 1 } };
    const server = misbehaving(t, 'exits-at-load', options);
    await server.supervisor.start();
    const { state, last_death: death, reason } = server.status();
    assert.deepEqual([state, death], ['failed', `exit (exit code ${code})`]);
    assert.match(reason, /worker ended: exit/);
    assert.equal(server.pids.length, 2);
    await assert.rejects(server.infer(), isCode('model_failed'));
  });
}

test('says that it is loaded and nothing that belongs to it: failed at once', async (t) => {
  const server = misbehaving(t, 'garbage-at-load', { workers: { start_retries: 3 } });
  await server.supervisor.start();
  assert.deepEqual([server.status().state, server.pids.length], ['failed', 1]);
  assert.equal(server.status().reason, 'the worker did not say what it loaded');
});

test('leaks: replaced gracefully over its limit, and no request is lost', async (t) => {
  const server = misbehaving(t, 'leaks', { model: { memory_limit_mb: 150 }, memory: { sample_ms: 20 } });
  await server.supervisor.start();
  for (let i = 0; server.pids.length < 3; i++) {
    assert.ok(i < 400, 'it is never replaced');
    assert.deepEqual((await server.infer()).value.output, { role: 'detector', faces: [] });
  }
  assert.equal(server.status().last_death, null, 'nothing died that was not asked to');
});

const NONSENSE: Readonly<Record<string, RegExp>> = {
  nothing: /broken answer: it is no answer/,
  faces: /broken answer: its faces are none/,
  huge: /broken answer: it is no answer/,
};
for (const [garbage, reason] of Object.entries(NONSENSE)) {
  test(`answers garbage (${garbage}): quarantined twice, and the caller is told that the model failed`, async (t) => {
    const server = misbehaving(t, 'garbage', { env: { GARBAGE: garbage } });
    const told: EventMap['worker.quarantine'][] = [];
    server.events.on('worker.quarantine', (event) => told.push(event));
    await server.supervisor.start();
    await assert.rejects(server.infer(), isCode('model_failed'));
    assert.equal(told.length, 2);
    assert.match(told[0]?.reason ?? '', reason);
    await until('it is back', () => server.status().state === 'ready');
    assert.match(server.status().last_death ?? '', /^quarantined/);
    const restarts = await server.metrics.workerRestarts.get();
    assert.deepEqual(
      restarts.values.map(({ labels, value }) => [labels['reason'], value]),
      [['quarantined', 2]],
    );
  });
}

test('answers an error that says nothing: 502, and the supervisor lives', async (t) => {
  const server = misbehaving(t, 'garbage', { env: { GARBAGE: 'error' } });
  await server.supervisor.start();
  await assert.rejects(server.infer(), isCode('model_failed'));
  assert.equal(server.status().state, 'ready');
});

test('answers twice, and calls that nobody made: the first answer counts, the rest is ignored', async (t) => {
  const server = misbehaving(t, 'talks-too-much');
  await server.supervisor.start();
  for (let i = 0; i < 20; i++) assert.deepEqual((await server.infer()).value.output, { role: 'detector', faces: [] });
  assert.deepEqual([server.status().restarts, server.status().state], [0, 'ready']);
});

for (const signal of ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGKILL']) {
  test(`dies of ${signal} in a run: the request is answered by its successor`, async (t) => {
    const file = path.join(tempDir(t), 'deaths');
    writeFileSync(file, '');
    const server = misbehaving(t, 'dies', { env: { SIGNAL: signal, DEATHS: '1', DEATHS_FILE: file } });
    await server.supervisor.start();
    assert.deepEqual((await server.infer()).value.output, { role: 'detector', faces: [] });
    assert.equal(server.status().last_death, `${signal === 'SIGKILL' ? 'killed' : 'crash'} (${signal})`);
  });
}

test('aborts for want of memory while it loads: tried once more, then those who wait are refused', async (t) => {
  const server = misbehaving(t, 'aborts-for-memory', { env: { WHEN: 'load' }, model: { residency: 'on_demand' } });
  await server.supervisor.start();
  await assert.rejects(server.infer(), isCode('memory_exhausted'));
  assert.equal(server.pids.length, 2);
  const { state, reason } = server.status();
  assert.deepEqual([state, reason], ['stopped', 'oom (out of memory, SIGABRT)']);
});

test('floods its log: the disk is bounded, it is served, and the supervisor stays awake', async (t) => {
  const server = misbehaving(t, 'floods', { log: { worker_max_bytes: 200_000, worker_files: 2 } });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  await server.supervisor.start();
  delay.enable();
  for (let i = 0; i < 200; i++) await server.infer();
  delay.disable();
  const dir = path.join(server.settings.data_dir, 'logs');
  const bytes = readdirSync(dir).reduce((sum, file) => sum + statSync(path.join(dir, file)).size, 0);
  assert.ok(bytes > 100_000 && bytes < 3 * (200_000 + 2 ** 17), `${bytes} bytes`);
  assert.ok(delay.percentile(50) < 100e6, `${delay.percentile(50) / 1e6} ms`);
  assert.equal(server.status().restarts, 0);
});

test('drifts: replaced within one probe period, and the event names the window and what was answered in it', async (t) => {
  const file = path.join(tempDir(t), 'drifted');
  const server = misbehaving(t, 'drifts', {
    env: { DRIFT_AFTER: '3', DRIFTED_FILE: file },
    workers: { probe_interval_ms: 500 },
  });
  const told: EventMap['worker.quarantine'][] = [];
  server.events.on('worker.quarantine', (event) => told.push(event));
  await server.supervisor.start();
  const begun = performance.now();
  for (let i = 0; i < 5; i++) await server.infer();
  await until('it is quarantined', () => told.length > 0);
  assert.ok(performance.now() - begun < 1500);
  await until('it is back', () => server.status().state === 'ready');
  const [event] = told;
  assert.equal(event?.answered, 5);
  assert.equal(event?.reason, 'golden probe failed: cosine 0.3');
  const window = (event?.at ?? 0) - (event?.lastGoodAt ?? 0);
  assert.ok(window >= 400 && window < 1500, `${window} ms`);
  assert.equal(server.status().last_death, 'quarantined (golden probe failed: cosine 0.3)');
  assert.deepEqual((await server.infer()).value.output, { role: 'detector', faces: [] });
  const probes = (await server.metrics.probes.get()).values.find(({ labels }) => labels['result'] === 'failed');
  assert.equal(probes?.value, 1);
});

test('fails an inference: probed at once, and kept because the probe passes', async (t) => {
  const server = misbehaving(t, 'fails-inference');
  await server.supervisor.start();
  await assert.rejects(server.infer(), isCode('model_failed'));
  const passed = async (): Promise<number> => (await server.metrics.probes.get()).values[0]?.value ?? 0;
  for (let i = 0; i < 100 && (await passed()) === 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await passed(), 1);
  assert.deepEqual([server.status().state, server.status().restarts], ['ready', 0]);
});

test('does everything right: probes neither keep it loaded nor load it again', async (t) => {
  const server = misbehaving(t, 'sound', {
    workers: { probe_interval_ms: 100 },
    model: { residency: 'on_demand', idle_ttl_ms: 700 },
  });
  await server.supervisor.start();
  await server.infer();
  await until('it is unloaded', () => server.status().state === 'stopped');
  const probes = async (): Promise<number> => (await server.metrics.probes.get()).values[0]?.value ?? 0;
  const before = await probes();
  assert.ok(before >= 2, `${before} probes`);
  // Longer than several intervals.
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.deepEqual([await probes(), server.pids.length, server.status().state], [before, 1, 'stopped']);
});
