import assert from 'node:assert/strict';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { alertsAnswerSchema } from '../../../src/contract/history.ts';
import type { DeviceObservation } from '../../../src/contract/observation.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { type AlertsOptions, createAlerts } from '../../../src/telemetry/alerts/alerts.ts';
import type { WebhookResult } from '../../../src/telemetry/alerts/webhook.ts';
import { createEvents, type EventMap } from '../../../src/telemetry/events.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { startReceiver } from './receiver.ts';
import { cpu, gpu, GiB, observation, rule } from './support.ts';

type Rules = Settings['alert_rules'];
const ONE_RULE: Rules = { busy: rule({ for_ms: 2000 }) };

function open(t: TestContext, rules: Rules | null, webhooks: string[] = [], over: Partial<AlertsOptions> = {}) {
  const dataDir = over.settings?.data_dir ?? tempDir(t);
  const loaded = loadSettings({
    env: {},
    cwd: dataDir,
    flags: [{ key: 'data_dir', value: dataDir, flag: '--data-dir' }],
  });
  const settings = { ...loaded, alerts: { ...loaded.alerts, webhooks }, alert_rules: rules ?? loaded.alert_rules };
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const events = createEvents((error) => errors.push(error));
  const told: EventMap['alert'][] = [];
  events.on('alert', (alert) => told.push(alert));
  const results: WebhookResult[] = [];
  const troubles: string[] = [];
  const alerts = createAlerts({
    settings,
    events,
    clock,
    random: () => 1,
    externalUrl: () => 'http://faces.example:8080',
    onWebhook: (result) => results.push(result),
    onTrouble: (what) => troubles.push(what),
    ...over,
  });
  t.after(() => {
    alerts.close();
    assert.deepEqual(errors, []);
  });
  /** One observation per second. */
  const seconds = (count: number, ...devices: DeviceObservation[]): void => {
    for (let i = 0; i < count; i += 1) {
      events.emit('observation', observation(clock.date().getTime(), devices));
      clock.advance(1000);
    }
  };
  const swap = (result: 'ok' | 'failed', at: number = clock.date().getTime()): void =>
    events.emit('swap.end', { model: 'recognizer', from: 'v1', to: 'v2', result, seconds: 70, reason: 'probe', at });
  const row = (subject: string | null = 'GPU-1') => alerts.list().find((one) => one.subject === subject);
  return { dataDir, settings, clock, events, told, results, troubles, alerts, seconds, swap, row };
}

it('the rules of the defaults: each fires as the documents say, and ends', (t) => {
  const { seconds, swap, told, alerts } = open(t, null);
  const hotAndBusy = gpu({ util: 96, memoryUsed: 9.1 * GiB, memoryTotal: 10 * GiB, temperature: 81 });
  seconds(10, hotAndBusy);
  assert.deepEqual(
    told.map(({ rule: name }) => name),
    ['memory-full'],
  );
  seconds(1, hotAndBusy);
  swap('failed');
  swap('failed');
  assert.equal(
    told.some(({ rule: name }) => name === 'swap-errors'),
    false,
  );
  swap('failed');
  assert.deepEqual(
    told.map(({ rule: name, subject, state, severity }) => [name, subject, state, severity]),
    [
      ['memory-full', 'GPU-1', 'firing', 'warning'],
      ['gpu-busy', 'GPU-1', 'firing', 'warning'],
      ['hot', 'GPU-1', 'firing', 'warning'],
      ['swap-slow', 'recognizer', 'firing', 'warning'],
      ['swap-errors', 'recognizer', 'firing', 'error'],
    ],
  );
  assert.equal(
    alerts.list().every(({ state }) => state === 'firing'),
    true,
  );
  seconds(1, gpu({ util: 89, memoryUsed: 8 * GiB, memoryTotal: 10 * GiB, temperature: 74 }));
  assert.deepEqual(
    told.slice(5).map(({ rule: name, state, value }) => [name, state, value]),
    [
      ['gpu-busy', 'resolved', 89],
      ['memory-full', 'resolved', 0.8],
      ['hot', 'resolved', 74],
    ],
  );
});

it('the list is what the contract says, from the first moment', (t) => {
  const { alerts, seconds, row } = open(t, {
    ...ONE_RULE,
    off: rule({ enabled: false }),
    full: rule({ metric: 'memory_ratio', above: 0.9, clear_below: 0.8 }),
  });
  alertsAnswerSchema.parse({ alerts: alerts.list() });
  assert.deepEqual(
    alerts.list().map((one) => [one.rule, one.subject, one.state, one.text]),
    [
      ['busy', null, 'no_data', 'No device tells it (utilisation).'],
      ['full', null, 'no_data', 'No device tells it (memory).'],
    ],
  );
  seconds(1, cpu({ memoryUsed: 1, memoryTotal: 2 }), gpu({ util: 96 }));
  alertsAnswerSchema.parse({ alerts: alerts.list() });
  assert.deepEqual(
    alerts.list().map((one) => [one.rule, one.subject, one.state, one.value]),
    [
      ['busy', 'GPU-1', 'pending', 96],
      ['full', 'cpu', 'inactive', 0.5],
      ['full', 'GPU-1', 'no_data', null],
    ],
  );
  assert.equal(row()?.since, '2026-01-01T00:00:00.000Z');
});

it('a slow update stays told until the next one of that model, or for an hour', (t) => {
  const slow = rule({ metric: 'swap_seconds', above: 60, clear_below: 60, for_ms: 0 });
  const { seconds, swap, events, told, clock } = open(t, { slow });
  swap('ok');
  seconds(300, gpu());
  assert.equal(told.length, 1);
  const at = clock.date().getTime();
  events.emit('swap.end', { model: 'recognizer', from: 'v2', to: 'v3', result: 'ok', seconds: 5, reason: '', at });
  assert.deepEqual(
    told.map(({ state, value }) => [state, value]),
    [
      ['firing', 70],
      ['resolved', 5],
    ],
  );
  swap('ok');
  seconds(3659, gpu());
  assert.equal(told.length, 3);
  seconds(1, gpu());
  assert.match(told[3]?.text ?? '', /^recognizer: no new update, .* so the alert ends after 1h 0m\.$/);
});

it('a card that is gone ends its alerts after a minute', (t) => {
  const { seconds, told, alerts } = open(t, ONE_RULE);
  seconds(3, gpu({ util: 99 }));
  seconds(59, cpu());
  assert.equal(told.length, 1);
  seconds(1, cpu());
  assert.deepEqual([told[1]?.state, told[1]?.value], ['resolved', 99]);
  assert.match(told[1]?.text ?? '', /nothing is known of it/);
  assert.equal(alerts.list()[0]?.subject, null);
});

it('a webhook gets the whole group, and the end of each', async (t) => {
  const receiver = await startReceiver(t);
  const second = await startReceiver(t);
  const { seconds, results } = open(t, ONE_RULE, [receiver.address, second.address]);
  const [a, b] = [gpu({ util: 99 }), gpu({ id: 'GPU-2', index: 1, util: 99 })];
  seconds(3, a);
  await receiver.received(1);
  seconds(3, a, b);
  await receiver.received(2);
  seconds(1, gpu({ util: 1 }), b);
  await Promise.all([receiver.received(3), second.received(3)]);
  const groups = receiver.calls.map(({ message }) =>
    message.alerts.map(({ labels, status }) => `${labels['device']} ${status}`),
  );
  assert.deepEqual(groups, [['GPU-1 firing'], ['GPU-1 firing', 'GPU-2 firing'], ['GPU-1 resolved', 'GPU-2 firing']]);
  const [ended] = receiver.calls[2]?.message.alerts ?? [];
  assert.deepEqual([ended?.startsAt, ended?.endsAt], ['2026-01-01T00:00:02.000Z', '2026-01-01T00:00:06.000Z']);
  assert.deepEqual(
    second.calls.map(({ message }) => message),
    receiver.calls.map(({ message }) => message),
  );
  assert.ok(results.every(({ result }) => result === 'sent'));
});

it('a silenced alert shows and is an event, but no webhook hears of it', async (t) => {
  const receiver = await startReceiver(t);
  const { seconds, told, row, alerts } = open(t, ONE_RULE, [receiver.address]);
  alerts.silence('busy', 60_000);
  seconds(5, gpu({ util: 99 }));
  seconds(1, gpu({ util: 1 }));
  assert.deepEqual(
    told.map(({ state }) => state),
    ['firing', 'resolved'],
  );
  assert.equal(row()?.silenced_until, '2026-01-01T00:01:00.000Z');
  seconds(60, gpu({ util: 1 }));
  assert.equal(row()?.silenced_until, null);
  seconds(3, gpu({ util: 99 }));
  await receiver.received(1);
  assert.equal(receiver.calls[0]?.message.alerts[0]?.startsAt, '2026-01-01T00:01:08.000Z');
});

it('when a silence ends, what still fires is told; what was told is told to have ended', async (t) => {
  const receiver = await startReceiver(t);
  const { seconds, alerts } = open(t, ONE_RULE, [receiver.address]);
  alerts.silence('busy', 10_000);
  seconds(10, gpu({ util: 99 }));
  assert.equal(receiver.calls.length, 0);
  seconds(1, gpu({ util: 99 }));
  await receiver.received(1);
  alerts.silence('busy', 60_000);
  seconds(1, gpu({ util: 1 }));
  await receiver.received(2);
  assert.deepEqual(
    receiver.calls.map(({ message }) => message.status),
    ['firing', 'resolved'],
  );
});

it('a silence outlives the server, and 0 ends it', (t) => {
  const first = open(t, ONE_RULE);
  first.alerts.silence('busy', 3_600_000);
  const again = createAlerts({
    settings: first.settings,
    events: first.events,
    clock: first.clock,
    externalUrl: () => 'http://localhost',
  });
  t.after(() => again.close());
  assert.equal(again.list()[0]?.silenced_until, '2026-01-01T01:00:00.000Z');
  assert.equal(again.silence('busy', 0)[0]?.silenced_until, null);
});

it('refuses a rule that is not there and a length that is none', (t) => {
  const { alerts } = open(t, { ...ONE_RULE, off: rule({ enabled: false }) });
  for (const name of ['bussy', 'off', 'constructor']) {
    assert.throws(() => alerts.silence(name, 1000), { code: 'not_found' });
  }
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, 367 * 86_400_000]) {
    assert.throws(() => alerts.silence('busy', ms), { code: 'invalid_argument', param: 'minutes' });
  }
});

it('a file of silences that cannot be read is told once, and nothing stops', (t) => {
  const { seconds, told, troubles, alerts } = open(t, ONE_RULE, [], { stateFile: path.join('/dev/null/x', 'a.json') });
  seconds(3, gpu({ util: 99 }));
  assert.equal(told.length, 1);
  assert.equal(troubles.length, 1);
  assert.ok(alerts.silence('busy', 1000)[0]?.silenced_until !== null);
  assert.equal(troubles.length, 2);
});

it('a webhook that is away costs nothing, and a closed one hears nothing', async (t) => {
  const receiver = await startReceiver(t);
  receiver.status = null;
  const { seconds, told, alerts, clock } = open(t, ONE_RULE, [receiver.address]);
  seconds(3, gpu({ util: 99 }));
  await receiver.received(1);
  for (let i = 0; i < 50; i += 1) {
    seconds(1, gpu({ util: 1 }));
    seconds(3, gpu({ util: 99 }));
  }
  assert.equal(told.length, 101);
  alerts.close();
  seconds(10, gpu({ util: 1 }));
  assert.deepEqual([told.length, clock.pending], [101, 0]);
});

it('an alert before the server listens is sent without its address', async (t) => {
  const receiver = await startReceiver(t);
  const { seconds } = open(t, ONE_RULE, [receiver.address], { externalUrl: () => '' });
  seconds(3, gpu({ util: 99 }));
  await receiver.received(1);
  assert.equal(receiver.calls[0]?.message.externalURL, 'http://localhost');
});

it('other rules while it runs: unchanged ones go on, what fired by a changed or gone one has ended', (t) => {
  const both: Rules = { ...ONE_RULE, full: rule({ metric: 'memory_ratio', above: 0.9, clear_below: 0.8, for_ms: 0 }) };
  const { alerts, seconds, told } = open(t, both);
  const card = gpu({ util: 96, memoryUsed: 95, memoryTotal: 100 });
  seconds(3, card);
  assert.deepEqual(
    told.map(({ rule: name, state }) => [name, state]),
    [
      ['full', 'firing'],
      ['busy', 'firing'],
    ],
  );
  const added = rule({ metric: 'temperature', above: 80, clear_below: 75, for_ms: 0 });
  alerts.setRules({ ...both, full: rule({ metric: 'memory_ratio', above: 0.97, clear_below: 0.9 }), hot: added });
  assert.deepEqual(
    told.slice(2).map(({ rule: name, state, subject, text }) => [name, state, subject, text]),
    [['full', 'resolved', 'GPU-1', 'The rule full was changed.']],
  );
  seconds(1, { ...card, temperature: 90 });
  assert.deepEqual(
    alerts.list().map(({ rule: name, state, above }) => [name, state, above]),
    [
      ['busy', 'firing', 95],
      ['full', 'inactive', 0.97],
      ['hot', 'firing', 80],
    ],
  );
  alerts.setRules({ busy: rule({ for_ms: 2000, enabled: false }) });
  assert.deepEqual(alerts.list(), []);
  assert.deepEqual(
    told.slice(4).map(({ rule: name, state }) => [name, state]),
    [
      ['busy', 'resolved'],
      ['hot', 'resolved'],
    ],
  );
  seconds(3, card);
  assert.equal(told.length, 6);
});

it('a rule that changes in the object that was given is another one only when it is set', (t) => {
  const rules: Rules = { busy: rule({ for_ms: 0 }) };
  const { alerts, seconds, told } = open(t, rules);
  seconds(1, gpu({ util: 96 }));
  Object.assign(rules, { busy: rule({ for_ms: 0, above: 99, clear_below: 98 }) });
  alerts.setRules(rules);
  assert.deepEqual(
    told.map(({ state }) => state),
    ['firing', 'resolved'],
  );
});

it('webhooks hear that what they were told of has ended with its rule', async (t) => {
  const receiver = await startReceiver(t);
  const { alerts, seconds } = open(t, { busy: rule({ for_ms: 0 }) }, [receiver.address]);
  seconds(1, gpu({ util: 96 }));
  await receiver.received(1);
  alerts.setRules({});
  await receiver.received(2);
  assert.deepEqual(
    receiver.calls.map(({ message }) => message.status),
    ['firing', 'resolved'],
  );
});
