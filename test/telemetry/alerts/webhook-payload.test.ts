import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  type AlertForWebhook,
  fingerprint,
  webhookAlert,
  webhookMessage,
} from '../../../src/telemetry/alerts/webhook-payload.ts';

const URL_ = 'http://faces.example:8080';
const ALERT: AlertForWebhook = {
  rule: 'gpu-busy',
  metric: 'gpu_util',
  severity: 'warning',
  subject: 'GPU-1',
  value: 97,
  text: 'high load',
  startsAt: Date.UTC(2026, 10, 21, 4, 0, 0, 250),
  endsAt: null,
};

it('is what Alertmanager sends: every field, no other', () => {
  const labels = {
    alertname: 'gpu-busy',
    instance: 'faces.example:8080',
    job: 'facepool',
    metric: 'gpu_util',
    severity: 'warning',
    device: 'GPU-1',
  };
  const annotations = { summary: 'gpu-busy: GPU-1', description: 'high load', value: '97' };
  assert.deepEqual(webhookMessage('gpu-busy', [webhookAlert(ALERT, URL_)], URL_), {
    receiver: 'facepool',
    status: 'firing',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt: '2026-11-21T04:00:00.250Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'http://faces.example:8080/v1/alerts',
        fingerprint: fingerprint(labels),
      },
    ],
    groupLabels: { alertname: 'gpu-busy' },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: URL_,
    version: '4',
    groupKey: '{}:{alertname="gpu-busy"}',
    truncatedAlerts: 0,
  });
});

it('a group fires while one of its alerts does; what they share is common', () => {
  const ended = webhookAlert({ ...ALERT, subject: 'GPU-2', value: 1, endsAt: ALERT.startsAt + 5000 }, URL_);
  assert.equal(ended.endsAt, '2026-11-21T04:00:05.250Z');
  const both = webhookMessage('gpu-busy', [ended, webhookAlert(ALERT, URL_)], URL_, 3);
  assert.deepEqual([both.status, both.truncatedAlerts], ['firing', 3]);
  assert.deepEqual(both.commonAnnotations, { description: 'high load' });
  assert.equal('device' in both.commonLabels, false);
  assert.equal(webhookMessage('gpu-busy', [ended], URL_).status, 'resolved');
});

it('an update is about a model, not a device', () => {
  const { labels } = webhookAlert({ ...ALERT, metric: 'swap_seconds', subject: 'recognizer' }, URL_);
  assert.deepEqual([labels['model'], labels['device']], ['recognizer', undefined]);
});

it('fingerprints are those of Prometheus', () => {
  // The two cases of prometheus/common/model/signature_test.go.
  assert.equal(BigInt(`0x${fingerprint({})}`), 14_695_981_039_346_656_037n);
  const labels = { name: 'garland, briggs', fear: 'love is not enough' };
  assert.equal(BigInt(`0x${fingerprint(labels)}`), 5_799_056_148_416_392_346n);
});
