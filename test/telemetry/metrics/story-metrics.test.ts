import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AlertAnswer } from '../../../src/contract/history.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import type { HistoryStatus } from '../../../src/telemetry/metrics/story-metrics.ts';
import { series } from '../../fixtures/exposition.ts';

const ALERT: AlertAnswer = {
  rule: 'hot',
  subject: 'GPU-aaaa',
  state: 'firing',
  severity: 'warning',
  metric: 'temperature',
  value: 85,
  above: 80,
  since: null,
  silenced_until: null,
  text: 'hot',
};

describe('metrics of alerts', () => {
  it('show the state of each rule on each subject, as it is at the scrape', async () => {
    const metrics = createMetrics();
    let alerts: AlertAnswer[] = [ALERT, { ...ALERT, rule: 'swap-slow', subject: null, state: 'no_data' }];
    metrics.observeAlerts(() => alerts);
    const present = async (): Promise<string[]> =>
      series(await metrics.registry.metrics(), 'alert_state').filter((line) => line.endsWith(' 1'));
    assert.equal(series(await metrics.registry.metrics(), 'alert_state').length, 8);
    assert.deepEqual(await present(), [
      'alert_state{rule="hot",subject="GPU-aaaa",state="firing"} 1',
      'alert_state{rule="swap-slow",subject="",state="no_data"} 1',
    ]);
    alerts = [{ ...ALERT, state: 'inactive' }];
    assert.deepEqual(await present(), ['alert_state{rule="hot",subject="GPU-aaaa",state="inactive"} 1']);
  });

  it('count what fired, not what ended, and what webhooks were told', async () => {
    const metrics = createMetrics();
    const alert = { rule: 'hot', subject: 'cpu', severity: 'warning', value: 1, above: 0, text: '', at: 0 } as const;
    metrics.onAlert({ ...alert, state: 'firing' });
    metrics.onAlert({ ...alert, state: 'resolved' });
    metrics.alertWebhooks.inc({ result: 'failed' });
    assert.deepEqual(series(await metrics.registry.metrics(), 'alerts_fired_total', 'alert_webhooks_total'), [
      'alerts_fired_total{rule="hot",severity="warning"} 1',
      'alert_webhooks_total{result="sent"} 0',
      'alert_webhooks_total{result="failed"} 1',
      'alert_webhooks_total{result="refused"} 0',
      'alert_webhooks_total{result="given_up"} 0',
    ]);
  });

  it('begin at 0, also for a rule that comes later', async () => {
    const metrics = createMetrics();
    let alerts = [ALERT];
    metrics.observeAlerts(() => alerts);
    const fired = async () => series(await metrics.registry.metrics(), 'alerts_fired_total');
    assert.deepEqual(await fired(), ['alerts_fired_total{rule="hot",severity="warning"} 0']);
    alerts = [ALERT, { ...ALERT, rule: 'full', subject: null, severity: 'error' }];
    assert.equal((await fired()).at(-1), 'alerts_fired_total{rule="full",severity="error"} 0');
  });
});

describe('metrics of the history', () => {
  it('are its state, size and age; absent while there is none', async () => {
    const metrics = createMetrics();
    const names = ['history_state', 'history_bytes', 'history_oldest_timestamp_seconds'];
    assert.deepEqual(series(await metrics.registry.metrics(), ...names), []);
    let status: HistoryStatus = { state: 'failing', detail: '', bytes: 4096, oldest: '1970-01-01T00:01:00.000Z' };
    metrics.observeHistory(() => status);
    assert.deepEqual(series(await metrics.registry.metrics(), ...names), [
      'history_state{state="ok"} 0',
      'history_state{state="off"} 0',
      'history_state{state="memory_only"} 0',
      'history_state{state="failing"} 1',
      'history_bytes 4096',
      'history_oldest_timestamp_seconds 60',
    ]);
    status = { state: 'off', detail: '', bytes: null, oldest: null };
    assert.equal(series(await metrics.registry.metrics(), ...names).length, 4);
  });
});

describe('metrics of updates', () => {
  it('count each by its outcome, with its time', async () => {
    const metrics = createMetrics();
    const swap = { model: 'detector', from: 'a', to: 'b', reason: '', at: 0 };
    metrics.onSwapEnd({ ...swap, result: 'ok', seconds: 12 });
    metrics.onSwapEnd({ ...swap, result: 'failed', seconds: 70 });
    const names = ['swaps_total', 'swap_duration_seconds_sum', 'swap_duration_seconds_bucket'];
    const lines = series(await metrics.registry.metrics(), ...names);
    assert.deepEqual(
      lines.filter((line) => !line.includes('_bucket') || line.includes('le="60"')),
      [
        'swaps_total{model="detector",result="ok"} 1',
        'swaps_total{model="detector",result="failed"} 1',
        'swap_duration_seconds_bucket{le="60",model="detector",result="ok"} 1',
        'swap_duration_seconds_sum{model="detector",result="ok"} 12',
        'swap_duration_seconds_bucket{le="60",model="detector",result="failed"} 0',
        'swap_duration_seconds_sum{model="detector",result="failed"} 70',
      ],
    );
  });
});
