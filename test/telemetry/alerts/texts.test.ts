import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { AlertMetric } from '../../../src/contract/settings.ts';
import type { AlertChange } from '../../../src/telemetry/alerts/engine.ts';
import { createSwapRecord } from '../../../src/telemetry/alerts/swap-record.ts';
import { type AlertFacts, changeText, emptyText, rowText } from '../../../src/telemetry/alerts/texts.ts';
import { cpu, gpu, GiB, rule, worker } from './support.ts';

const swaps = createSwapRecord();
swaps.add({ model: 'recognizer', from: 'v1', to: 'v2', result: 'failed', seconds: 75, reason: 'probe failed', at: 0 });
swaps.add({ model: 'recognizer', from: 'v1', to: 'v2', result: 'ok', seconds: 75, reason: '', at: 0 });

const FACTS: AlertFacts = {
  observation: {
    devices: [
      cpu({ memoryUsed: 7.5 * GiB, memoryTotal: 8 * GiB, foreign: 6 * GiB }),
      gpu({ memoryUsed: 7.6 * GiB, memoryTotal: 8 * GiB, powerDraw: 71, powerLimit: 72, foreign: 0 }),
    ],
    workers: [
      worker({ name: 'imaging', device: 'cpu', reserved: null, memory: 3 * GiB }),
      worker({ name: 'detector', gpuMemory: 3 * GiB, inUse: 1 }),
      worker({ name: 'recognizer', gpuMemory: 2 * GiB }),
      worker({ name: 'liveness', gpuMemory: GiB }),
    ],
  },
  swaps,
  at: 1000,
};

function change(over: Partial<AlertChange>): AlertChange {
  const fired = { rule: 'r', subject: 'GPU-1', state: 'firing', change: 'firing' } as const;
  return { ...fired, since: 10_000, value: 97, seenAt: 10_000, firedAt: 10_000, ...over };
}

function fired(metric: AlertMetric, above: number, value: number, subject = 'GPU-1', for_ms = 10_000): string {
  return changeText(rule({ metric, above, for_ms }), change({ value, subject }), FACTS);
}

it('gives the figure and what to do, for each metric', () => {
  assert.equal(
    fired('gpu_util', 95, 97),
    'NVIDIA L4 (cuda:0): utilisation 97 %, above 95 % for 10s: high load. Requests wait longer; scale out, divert requests, or limit how many run at once.',
  );
  assert.equal(
    fired('memory_ratio', 0.9, 0.95, 'GPU-1', 0),
    'NVIDIA L4 (cuda:0): memory 95 % (7.6 GiB of 8.0 GiB), above 90 %: scale out, divert requests, or unload recognizer (it holds 2.0 GiB).',
  );
  assert.equal(
    fired('memory_ratio', 0.9, 0.9375, 'cpu'),
    'this machine: memory 93.8 % (7.5 GiB of 8.0 GiB), above 90 % for 10s: scale out or divert requests; other programs hold 6.0 GiB of it.',
  );
  assert.match(fired('temperature', 80, 84), /: temperature 84 °C, above 80 °C for 10s: check the cooling, and limit/);
  assert.match(
    fired('power_ratio', 0.95, 0.986),
    /: power 98\.6 % of the limit \(71 of 72 W\), above 95 % of the limit/,
  );
  assert.match(
    fired('swap_seconds', 60, 75, 'recognizer', 0),
    /^recognizer: the last update took 75 s, above 60 s: look at the disk, and at whether/,
  );
  assert.equal(
    fired('swap_error_ratio', 0.1, 0.5, 'recognizer', 0),
    'recognizer: failed updates 50 %, above 10 % (1 of the last 2); the last one, to v2: probe failed.',
  );
});

it('a device that is gone is named by its id', () => {
  const text = changeText(
    rule({ metric: 'memory_ratio', above: 0.9 }),
    change({ subject: 'GPU-9', value: 0.95 }),
    FACTS,
  );
  assert.equal(text, 'GPU-9: memory 95 %, above 90 % for 10s: scale out or divert requests.');
});

it('says how and why an alert has ended', () => {
  const ended = { change: 'resolved', since: 82_000 } as const;
  assert.equal(
    changeText(rule(), change({ ...ended, state: 'inactive', value: 40 }), FACTS),
    'NVIDIA L4 (cuda:0): utilisation 40 %, so the alert ends after 1m 12s.',
  );
  assert.equal(
    changeText(rule(), change({ ...ended, state: 'no_data' }), FACTS),
    'NVIDIA L4 (cuda:0): nothing is known of it (utilisation) for 1m 0s, so the alert ends after 1m 12s.',
  );
  assert.equal(
    changeText(rule({ metric: 'swap_seconds' }), change({ ...ended, state: 'no_data', subject: 'detector' }), FACTS),
    'detector: no new update, and the last ones were too long ago to count (the last update took), so the alert ends after 1m 12s.',
  );
});

it('a row says how it is now', () => {
  const row = { rule: 'r', subject: 'GPU-1', since: 0, value: 40, seenAt: 0 } as const;
  assert.equal(rowText(rule(), { ...row, state: 'inactive' }, FACTS), 'NVIDIA L4 (cuda:0): utilisation 40 %.');
  assert.equal(
    rowText(rule(), { ...row, state: 'pending', value: 96 }, FACTS),
    'NVIDIA L4 (cuda:0): utilisation 96 %; an alert if it stays above 95 % for 10s.',
  );
  assert.match(
    rowText(rule(), { ...row, state: 'firing', value: 99 }, FACTS),
    /utilisation 99 %, above 95 %.*high load/,
  );
  assert.match(rowText(rule(), { ...row, state: 'no_data' }, FACTS), /does not tell it \(utilisation\)\.$/);
  assert.equal(emptyText(rule()), 'No device tells it (utilisation).');
  assert.equal(emptyText(rule({ metric: 'swap_seconds' })), 'No model was updated within an hour.');
  assert.equal(emptyText(rule({ metric: 'swap_error_ratio' })), 'No model was updated three times within a day.');
});
