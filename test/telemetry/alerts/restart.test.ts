/** Servers that stop while an alert fires: what receivers hear of it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { loadSettings } from '../../../src/config/load.ts';
import type { DeviceObservation } from '../../../src/contract/observation.ts';
import type { AlertRule } from '../../../src/contract/settings.ts';
import { createAlerts } from '../../../src/telemetry/alerts/alerts.ts';
import { createEvents } from '../../../src/telemetry/events.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { type Receiver, startReceiver, unusedAddress } from './receiver.ts';
import { cpu, gpu, observation, rule } from './support.ts';

type Server = { readonly seconds: (count: number, ...devices: DeviceObservation[]) => void; readonly stop: () => void };

/** Servers one after the other on one data folder. */
function series(t: TestContext, webhooks: readonly string[]) {
  const dataDir = tempDir(t);
  const flags = [{ key: 'data_dir', value: dataDir, flag: '--data-dir' }];
  const loaded = loadSettings({ env: {}, cwd: dataDir, flags });
  const clock = new ManualClock();
  const told: string[] = [];
  let port = 8080;
  const waiting: (() => void)[] = [];
  /** Resolves at the next word of how a call of a webhook went. */
  const result = () => new Promise<void>((resolve) => waiting.push(resolve));
  const start = (over: Partial<AlertRule> | null = {}, addresses = webhooks): Server => {
    const events = createEvents((error) => assert.fail(String(error)));
    events.on('alert', ({ state, at }) => told.push(`${state} ${(at - Date.UTC(2026, 0)) / 1000}`));
    const url = `http://faces.example:${port++}`;
    const alerts = createAlerts({
      settings: {
        ...loaded,
        alerts: { ...loaded.alerts, webhooks: [...addresses] },
        alert_rules: over === null ? {} : { busy: rule({ for_ms: 2000, ...over }) },
      },
      events,
      clock,
      random: () => 1,
      externalUrl: () => url,
      onWebhook() {
        for (const go of waiting.splice(0)) go();
      },
    });
    t.after(() => alerts.close());
    return {
      seconds(count, ...devices) {
        for (let i = 0; i < count; i += 1) {
          events.emit('observation', observation(clock.date().getTime(), devices));
          clock.advance(1000);
        }
      },
      stop: () => alerts.close(),
    };
  };
  return { start, told, result, file: path.join(dataDir, 'alerts-told.json') };
}

const heard = ({ calls }: Receiver): string[] =>
  calls.flatMap(({ message }) => message.alerts.map(({ status, labels }) => `${status} ${labels['instance']}`));

async function firingServer(t: TestContext) {
  const receiver = await startReceiver(t);
  const all = series(t, [receiver.address]);
  const server = all.start();
  const answered = all.result();
  server.seconds(3, gpu({ util: 99 }));
  await answered;
  server.stop();
  return { ...all, receiver };
}

it('quiet after the start: the end is told once, under the labels that are known', async (t) => {
  const { start, receiver, told } = await firingServer(t);
  const second = start();
  second.seconds(1, gpu({ util: 10 }));
  await receiver.received(2);
  assert.deepEqual(heard(receiver), ['firing faces.example:8080', 'resolved faces.example:8080']);
  const [first, last] = receiver.calls.map(({ message }) => message.alerts[0]);
  assert.deepEqual([last?.fingerprint, last?.startsAt], [first?.fingerprint, first?.startsAt]);
  assert.deepEqual(told, ['firing 2', 'resolved 3']);
});

it('it still fires: nothing is told twice, and its end is', async (t) => {
  const { start, receiver, told } = await firingServer(t);
  const second = start();
  second.seconds(10, gpu({ util: 99 }));
  // Between the bounds it goes on too.
  second.seconds(10, gpu({ util: 92 }));
  second.stop();
  const third = start();
  third.seconds(1, gpu({ util: 1 }));
  await receiver.received(2);
  assert.deepEqual(heard(receiver), ['firing faces.example:8080', 'resolved faces.example:8080']);
  assert.deepEqual(told, ['firing 2', 'resolved 23']);
});

it('two minutes without a figure are quiet', async (t) => {
  const { start, receiver, told } = await firingServer(t);
  const second = start();
  second.seconds(120, cpu());
  assert.deepEqual(told, ['firing 2']);
  second.seconds(1, cpu());
  await receiver.received(2);
  assert.deepEqual(told, ['firing 2', 'resolved 123']);
  assert.equal(heard(receiver)[1], 'resolved faces.example:8080');
});

it('a rule that is gone, or is about something else, has ended', async (t) => {
  for (const over of [null, { enabled: false }, { metric: 'temperature', above: 80 }] as const) {
    const { start, receiver } = await firingServer(t);
    start(over);
    await receiver.received(2);
    assert.equal(heard(receiver)[1], 'resolved faces.example:8080', JSON.stringify(over));
  }
});

it('what a receiver that was away did not hear is told after the start', async (t) => {
  const receiver = await startReceiver(t);
  const { start } = series(t, []);
  const away = await unusedAddress();
  const first = start({}, [away]);
  first.seconds(3, gpu({ util: 99 }));
  first.stop();
  const second = start({}, [receiver.address]);
  await receiver.received(1);
  receiver.status = null;
  second.seconds(1, gpu({ util: 1 }));
  await receiver.received(2);
  second.stop();
  receiver.status = 200;
  start({}, [receiver.address]);
  await receiver.received(3);
  assert.deepEqual(
    heard(receiver).map((one) => one.split(' ')[0]),
    ['firing', 'resolved', 'resolved'],
  );
});

it('without webhooks nothing is kept', (t) => {
  const { start, file } = series(t, []);
  start().seconds(3, gpu({ util: 99 }));
  assert.equal(existsSync(file), false);
});
