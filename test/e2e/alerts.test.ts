/** An alert of a real server, from the sample to the receiver of the webhook, and what the command line shows of it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { alertsAnswerSchema, storedEventSchema } from '../../src/contract/history.ts';
import { startReceiver } from '../telemetry/alerts/receiver.ts';
import { withServer } from './support/server.ts';
import { skip } from './support/shared.ts';

/** Any machine uses a thousandth of its memory. */
const RULE = { above: '0.001', clear_below: '0.0001', for_ms: '2000' };
const args = Object.entries(RULE).flatMap(([key, value]) => ['--set', `alert_rules.memory-full.${key}=${value}`]);

it('fires, reaches its receiver, is shown, and can be silenced', { skip }, async (t) => {
  const receiver = await startReceiver(t);
  await withServer({ args, env: { FACEPOOL_ALERTS_WEBHOOKS: receiver.address } }, async (server) => {
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

    const silenced = await server.cli('alerts', 'silence', 'memory-full', '1h');
    assert.match(silenced.stdout, /\nmemory-full +cpu +firing .*Z\n/);
    assert.equal(receiver.calls.length, 1);
  });
});
