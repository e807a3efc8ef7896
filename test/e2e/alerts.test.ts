/** An alert of a real server, from the sample to the receiver of the webhook, and what the command line shows of it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { alertsAnswerSchema, storedEventSchema } from '../../src/contract/history.ts';
import { buildFakeNvml, type FakeGpu, noFakeNvml, scriptFile } from '../fixtures/nvml/fake-nvml.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { startReceiver } from '../telemetry/alerts/receiver.ts';
import { DETECTOR_ALONE, withServer } from './support/server.ts';
import { skip } from './support/shared.ts';
import { until } from './support/until.ts';

/** Any machine uses a thousandth of its memory. */
const RULE = { above: '0.001', clear_below: '0.0001', for_ms: '2000' };
const args = Object.entries(RULE).flatMap(([key, value]) => ['--set', `alert_rules.memory-full.${key}=${value}`]);

it('fires, reaches its receiver, and is shown', { skip }, async (t) => {
  const receiver = await startReceiver(t);
  await withServer({ args, env: { ...DETECTOR_ALONE, FACEPOOL_ALERTS_WEBHOOKS: receiver.address } }, async (server) => {
    await receiver.received(1);
    const [call] = receiver.calls;
    const [alert] = call?.message.alerts ?? [];
    assert.deepEqual(
      [call?.message.version, alert?.status, alert?.labels['alertname'], alert?.labels['device']],
      ['4', 'firing', 'memory-full', 'cpu'],
    );

    const listed = await server.cli('alerts', '--json');
    assert.equal(listed.code, EXIT.ok, listed.stderr);
    const found = alertsAnswerSchema.parse(JSON.parse(listed.stdout)).alerts.filter(({ state }) => state === 'firing');
    assert.deepEqual(
      found.map(({ rule, subject }) => [rule, subject]),
      [['memory-full', 'cpu']],
    );
    const events = await server.cli('events', '--type', 'alert', '--json');
    assert.match(
      storedEventSchema.parse(JSON.parse(events.stdout)).text,
      /^this machine: memory .*, above 0\.1 % for 2s/,
    );
    const { stdout: top } = await server.cli('top');
    assert.match(top, /\n {2}use {5}[▁-█ ]{30} {2}\d+ %\n/);
    assert.match(top, /\nALERTS\nfiring {3}memory-full: this machine: memory/);
    assert.match(top, /\ndetector +RUNNING +\d+ +[▁-█ ]{10} +\d+\.\d +/);
    const { stdout: trends } = await server.cli('trends', '--from', '-1m');
    assert.match(trends, /\nuse: \d+ % on average.*\n[^]*\nWHAT IT MEANS\n/);
    const { stdout: csv } = await server.cli('trends', '--csv', '--from', '-1m');
    assert.match(
      csv,
      /^timestamp,gpu_util,memory_used,memory_total,temperature,power_draw\n(.*\n)*\d{4}-.*,\d+,\d+,,\n/,
    );
  });
});

const CARD: FakeGpu = { uuid: 'GPU-00000000-aaaa', name: 'NVIDIA T400', memoryTotal: 2 ** 31, memoryUsed: 2 ** 27 };
const noCard = skip || (await noFakeNvml());

it('a silenced rule fires and ends again, and its receiver hears nothing of that', { skip: noCard }, async (t) => {
  const receiver = await startReceiver(t);
  const script = scriptFile(tempDir(t));
  const heat = (temperature: number): void => script.write({ gpus: [{ ...CARD, temperature }] });
  heat(50);
  const env = {
    ...script.env,
    ...DETECTOR_ALONE,
    FACEPOOL_MONITOR_NVML_LIBRARY: await buildFakeNvml(),
    FACEPOOL_MONITOR_SAMPLE_MS: '500',
    FACEPOOL_ALERT_RULES_HOT_FOR_MS: '0',
    FACEPOOL_ALERTS_WEBHOOKS: receiver.address,
  };
  await withServer({ env }, async (server) => {
    /** Makes it hot or cool, and waits until the server says so. */
    const become = async (state: 'firing' | 'inactive'): Promise<void> => {
      heat(state === 'firing' ? 90 : 50);
      await until(`hot is ${state}`, 20_000, async () => {
        const { alerts } = alertsAnswerSchema.parse(await (await fetch(`${server.url}/v1/alerts`)).json());
        return alerts.some((one) => one.rule === 'hot' && one.subject === CARD.uuid && one.state === state);
      });
    };
    /** Since when each was that the receiver has heard of. */
    const heard = () =>
      receiver.calls.flatMap(({ message }) =>
        message.alerts
          .filter(({ labels }) => labels['alertname'] === 'hot')
          .map(({ status, startsAt }) => ({ status, startsAt })),
      );
    await become('firing');
    await become('inactive');
    await until('begin and end are heard', 20_000, () => heard().length === 2);

    const silenced = await server.cli('alerts', 'silence', 'hot', '1h');
    assert.match(silenced.stdout, /\nhot +GPU-00000000-aaaa +inactive .*Z\n/);
    await become('firing');
    await become('inactive');

    await server.cli('alerts', 'silence', 'hot', '0');
    const before = Date.now();
    await become('firing');
    await until('the third is heard', 20_000, () => heard().at(-1)?.status === 'firing');
    assert.deepEqual(
      heard().map(({ status }) => status),
      ['firing', 'resolved', 'firing'],
    );
    assert.ok(Date.parse(heard()[2]?.startsAt ?? '') >= before - 1000, 'the last one, not the silenced one');
    const events = await server.cli('events', '--type', 'alert', '--json');
    const fired = events.stdout
      .trim()
      .split('\n')
      .map((line) => storedEventSchema.parse(JSON.parse(line)))
      .filter(({ subject, details }) => subject === 'hot' && details['state'] === 'firing');
    assert.equal(fired.length, 3, 'the silenced one is an event all the same');
  });
});
