import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  deviceColumn,
  eventTime,
  finding,
  memoryOf,
  modelOf,
  modelsOn,
  secondsKnown,
  timeText,
  windowOf,
  workerColumn,
} from '../../../src/telemetry/insight/window.ts';
import { CONTEXT, event, history } from './support.ts';

const window = windowOf(
  history({
    length: 3,
    step: 10,
    cpu: { gpu_util: 1 },
    gpus: { 'GPU-1': { gpu_util: [1, null, 3] } },
    workers: {
      supervisor: { cpu: 1 },
      imaging: { cpu: 2, memory: 5 },
      detector: { gpu_memory: 7, memory: 1 },
      liveness: { memory_max: 9, on: 'cpu' },
    },
  }),
  CONTEXT,
);
const [gpu] = window.gpus;
assert.ok(gpu !== undefined && window.cpu !== undefined && window.imaging !== undefined);

it('takes the peaks, or the means where there are none', () => {
  assert.deepEqual(deviceColumn(gpu, 'gpu_util_max', 'gpu_util'), [1, null, 3]);
  assert.deepEqual(deviceColumn(gpu, 'gpu_util_max'), [null, null, null]);
  assert.deepEqual(workerColumn(window.imaging ?? assert.fail(), 'cpu_max', 'cpu'), [2, 2, 2]);
  assert.equal(secondsKnown(window, deviceColumn(gpu, 'gpu_util')), 20);
});

it('knows which models are on a device and what they hold of it', () => {
  assert.deepEqual(
    [gpu, window.cpu ?? assert.fail()].map((device) => modelsOn(window, device).map(({ name }) => name)),
    [['detector'], ['liveness']],
  );
  const [detector, liveness] = [window.history.workers[2], window.history.workers[3]];
  assert.deepEqual(memoryOf(detector ?? assert.fail(), gpu), [7, 7, 7]);
  assert.deepEqual(memoryOf(liveness ?? assert.fail(), window.cpu ?? assert.fail()), [9, 9, 9]);
  assert.deepEqual([modelOf(window, 'recognizer')?.batch, modelOf(window, 'nobody')], [16, undefined]);
});

it('a finding is about its stretch, to the end of its last step, with figures that can be read', () => {
  const fields = {
    code: 'c',
    severity: 'info',
    subject: null,
    text: 't',
    numbers: { a: 1 / 3, b: 123_456.7 },
  } as const;
  assert.deepEqual(finding(window, fields, { first: 1, last: 2 }), {
    ...fields,
    numbers: { a: 0.333, b: 123_457 },
    from: '2026-11-21T10:00:10.000Z',
    to: '2026-11-21T10:00:30.000Z',
  });
  assert.deepEqual(
    [finding(window, fields).from, finding(window, fields).to],
    [window.history.from, window.history.to],
  );
});

it('times have their date in a window of a day', () => {
  assert.equal(timeText(window, 1), '10:00:10 UTC');
  assert.equal(eventTime(window, event(75, 'crash', null)), '10:01:15 UTC');
  const day = windowOf(history({ length: 24, step: 3600 }), CONTEXT);
  assert.equal(timeText(day, 20), '2026-11-22 06:00:00 UTC');
});
