/** `GET /v1/gpu`. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { gpuAnswerSchema } from '../../src/contract/history.ts';
import { observe, type ProcessView } from '../../src/supervisor/observe.ts';
import { gpuAnswer } from '../../src/telemetry/gpu-answer.ts';
import { gpuReading, MIB, monitorSample } from '../fixtures/monitor-sample.ts';

const HISTORY = { state: 'ok', detail: '', bytes: 1, oldest: null } as const;
const detector: ProcessView = {
  name: 'detector',
  device: 'cuda:0',
  state: 'ready',
  pid: 100,
  reserved: 5,
  queue: 0,
  inUse: 1,
  restarts: 2,
};
const view = {
  at: Date.UTC(2026, 0, 1),
  processes: [detector],
  budgets: [{ name: 'cuda:0', limitBytes: 4000 * MIB, reservedBytes: 5, foreignBytes: 7 }],
  noDriver: null,
};

test('before anything was observed', () => {
  const answer = gpuAnswer(null, [], HISTORY);
  assert.ok(gpuAnswerSchema.safeParse(answer).success);
  assert.deepEqual([answer.at, answer.host, answer.gpus], [null, null, []]);
});

test('a card with a worker of ours and another program', () => {
  const processes = [
    { pid: 100, memoryBytes: 300 * MIB, smUtil: 5 },
    { pid: 7, memoryBytes: null, smUtil: null },
  ];
  const sample = monitorSample({ gpus: [gpuReading({ processes, throttle: ['sw_thermal'] })] });
  const answer = gpuAnswer(observe(view, sample, null), ['nearly full'], HISTORY);
  assert.ok(gpuAnswerSchema.safeParse(answer).success, JSON.stringify(gpuAnswerSchema.safeParse(answer).error));
  const [gpu] = answer.gpus;
  assert.deepEqual(gpu?.processes, [
    { pid: 100, worker: 'detector', memory: 300 * MIB, sm_util: 5 },
    { pid: 7, worker: null, memory: null, sm_util: null },
  ]);
  assert.deepEqual([gpu?.id, gpu?.budget, gpu?.foreign, gpu?.throttle], ['GPU-aaaa', 4000 * MIB, 7, ['sw_thermal']]);
  assert.deepEqual([answer.workers[0]?.gpu_memory, answer.workers[0]?.restarts], [300 * MIB, 2]);
  assert.deepEqual(answer.warnings, ['nearly full']);
  assert.equal(answer.host?.cores, 2);
});

test('a monitor that does not answer', () => {
  const answer = gpuAnswer(observe(view, null, null), [], HISTORY);
  assert.ok(gpuAnswerSchema.safeParse(answer).success);
  assert.deepEqual([answer.host, answer.gpus, answer.driver.state], [null, [], 'off']);
  assert.equal(answer.workers[0]?.name, 'detector');
});
