/** History, events, alerts and insight, from the events of a server to what is asked of them. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { gpuAnswerSchema, historyAnswerSchema, insightAnswerSchema } from '../../src/contract/history.ts';
import { observe } from '../../src/supervisor/observe.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createStory } from '../../src/telemetry/story.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { gpuReading, MIB, monitorSample } from '../fixtures/monitor-sample.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

function story(t: TestContext) {
  const defaults = testSettings(tempDir(t));
  const settings = { ...defaults, history: { ...defaults.history, enabled: false } };
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const events = createEvents((error) => failures.push(error));
  const metrics = createMetrics();
  const log = createLogger({ level: 'silent' }, { name: 'test' });
  const made = createStory({
    settings,
    clock,
    events,
    metrics,
    log,
    manifests: () => new Map(),
    externalUrl: () => 'http://x',
  });
  t.after(async () => {
    await made.close();
    assert.deepEqual(failures, []);
  });
  const second = (usedMib: number): void => {
    clock.advance(1000);
    const at = clock.date().getTime();
    const sample = monitorSample({ at, gpus: [gpuReading({ memoryUsed: usedMib * MIB })] });
    events.emit('observation', observe({ at, processes: [], budgets: [], noDriver: null }, sample, null));
  };
  const now = (): number => clock.date().getTime();
  return { ...made, events, metrics, second, now };
}

test('what was seen last, and what was before it', async (t) => {
  const { observatory, second, now } = story(t);
  assert.equal(observatory.gpu().at, null);
  for (let i = 1; i <= 10; i++) second(1000 + i);
  const gpu = observatory.gpu();
  assert.ok(gpuAnswerSchema.safeParse(gpu).success);
  assert.equal(gpu.gpus[0]?.memory_used, 1010 * MIB);
  assert.equal(gpu.history.state, 'memory_only');
  const query = { from: now() - 5000, to: now(), stepS: 1, devices: null, workers: true, events: true };
  const answer = await observatory.history(query);
  assert.ok(historyAnswerSchema.safeParse(answer).success);
  const used = answer.devices.find(({ kind }) => kind === 'gpu')?.columns.memory_used?.filter((v) => v !== null);
  assert.ok(used !== undefined && used.length >= 5 && used.includes(1009 * MIB), String(used));
});

test('an alert that fires is an event, a metric and a warning', async (t) => {
  const { observatory, second, metrics } = story(t);
  const told: string[] = [];
  observatory.onEvent(({ type, subject, text }) => told.push(`${type} ${subject}: ${text}`));
  for (let i = 0; i < 8; i++) second(5990);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /^alert .*memory/i);
  const firing = observatory.alerts().filter(({ state }) => state === 'firing');
  assert.deepEqual(
    firing.map(({ rule, subject }) => [rule, subject]),
    [['memory-full', 'GPU-aaaa']],
  );
  assert.equal(observatory.gpu().warnings.length, 1);
  assert.match(
    await metrics.registry.metrics(),
    /facepool_alert_state\{[^}]*rule="memory-full"[^}]*state="firing"[^}]*\} 1/,
  );
  const stored = await observatory.events({ afterId: null, from: null, to: null, types: ['alert'], limit: 10 });
  assert.equal(stored.length, 1);
  assert.throws(() => observatory.silence('none', 1000), /no alert rule/);
  assert.notEqual(observatory.silence('memory-full', 60_000)[0]?.rule, undefined);
});

test('findings of a window, also of one in which nothing was seen', async (t) => {
  const { observatory, second, now } = story(t);
  for (let i = 0; i < 120; i++) second(5900);
  const answer = await observatory.insight(now() - 120_000, now());
  assert.ok(insightAnswerSchema.safeParse(answer).success);
  assert.ok(
    answer.findings.some(({ code }) => code === 'memory_near_limit'),
    JSON.stringify(answer.findings),
  );
  const before = await observatory.insight(now() - 3_000_000, now() - 2_000_000);
  assert.deepEqual(
    before.findings.map(({ code }) => code),
    ['too_little_data'],
  );
});

test('a window of a week counts what there is of it, not the step in which it began', async (t) => {
  const { observatory, second, now } = story(t);
  for (let i = 0; i < 120; i++) second(1000);
  const { findings } = await observatory.insight(now() - 7 * 86_400_000, now());
  const [one] = findings;
  assert.equal(one?.code, 'too_little_data');
  assert.ok((one?.numbers['seconds'] ?? 0) >= 119 && (one?.numbers['seconds'] ?? 0) <= 120, one?.text);
});

test('a story that is closed hears nothing more', async (t) => {
  const { observatory, second, close } = story(t);
  second(1000);
  await close();
  second(2000);
  assert.equal(observatory.gpu().gpus[0]?.memory_used, 1000 * MIB);
});
