import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import type { Io } from '../../src/cli/io.ts';
import { Recent, type TopLook } from '../../src/cli/top-data.ts';
import { topLines } from '../../src/cli/top-view.ts';
import { GPU_READING } from '../http/support/observatory.ts';
import { MODEL_STATUS } from '../http/support/server.ts';
import { screen } from './support/run.ts';
import { alertAnswer, GPU, HISTORY, workerReading } from './support/story.ts';

const stdout = screen(false, () => undefined);
const io: Io = { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, cwd: '/' };

function view(over: Partial<TopLook> = {}, width = Number.POSITIVE_INFINITY): string {
  const seen: TopLook = { gpu: GPU, models: [MODEL_STATUS], alerts: [], events: [], ...over };
  const recent = new Recent();
  recent.addHistory(HISTORY);
  recent.add(seen.gpu);
  return `${topLines(io, seen, recent, width).join('\n')}\n`;
}

it('devices and processes with their last minutes', () => {
  const alerts = [alertAnswer(), alertAnswer({ rule: 'hot', state: 'inactive' })];
  const out = view({ alerts, events: HISTORY.events });
  assert.match(
    out,
    /^CPU \(2 cores, load 0\.50\)\n {2}use {5}▁+▂ {2}13 %\n {2}memory {2}▅+ {2}8\.0 GiB of 16\.0 GiB\n/,
  );
  assert.match(out, /\nGPU 0: NVIDIA Test 1000\n {2}use {5}▁+▂+▃+▄+▅+▄ {2}43 %\n/);
  assert.match(out, /\n {2}memory {2}▃+ {2}2\.0 GiB of 8\.0 GiB; models 3\.0 GiB of 7\.0 GiB, others 1\.0 GiB\n/);
  assert.match(out, /\n {2}heat {4}▅+▄ {2}55 °C\n {2}power {3}▄+ {2}121 of 250 W\n/);
  assert.match(out, /\nNAME +STATUS +PID +CPU +% +MEM +MEMORY +RESERVED +IN USE +QUEUE +RESTARTS +UPTIME\n/);
  assert.match(out, /\nimaging +RUNNING +4712 +▇+▄ +42\.3 +█+ +256 MiB +- +2 +3 +1 +-\n/);
  assert.match(out, /\ndetector +RUNNING +4711 +▅+▄ +42\.3 +▅+ +1\.0 GiB +2\.0 GiB +2 +3 +1 +12s\n/);
  assert.match(out, /\n\nALERTS\nfiring {3}gpu-busy: NVIDIA L4 \(cuda:0\): utilisation 97 %: high load\.\n/);
  assert.equal(out.includes('hot'), false);
  assert.match(out, /\n\nLAST EVENTS \(UTC\)\n10:00:20 {2}crash {10}detector died of SIGSEGV\n$/);
});

it('says what is not as it should be', () => {
  const driver = { state: 'no_library', detail: 'there is no libnvidia-ml.so.1', version: null } as const;
  const history = { state: 'failing', detail: 'the disk is full', bytes: null, oldest: null } as const;
  const warnings = ['this machine: 95 % of the memory is used.'];
  const out = view({ gpu: { ...GPU, gpus: [], driver, history, warnings } });
  const expected = [
    'No GPU is looked at: there is no libnvidia-ml.so.1',
    'this machine: 95 % of the memory is used.',
    'The history is not written: the disk is full',
    '',
    'CPU (2 cores, load 0.50)',
    '',
  ];
  assert.ok(out.startsWith(expected.join('\n')), out);
  assert.equal(out.includes('ALERTS'), false);
  assert.equal(out.includes('EVENTS'), false);
});

it('a card that is lost, one that slows down, and one that tells little', () => {
  const lost = { ...GPU_READING, state: 'lost', detail: 'it fell off the bus' } as const;
  const hot = { ...GPU_READING, id: 'GPU-2', index: 1, throttle: ['hw_thermal' as const] };
  const silent = { gpu_util: null, memory_used: null, temperature: null, power_draw: null };
  const mig = { ...GPU_READING, id: 'MIG-1', index: 2, name: null, ...silent };
  const out = view({ gpu: { ...GPU, gpus: [lost, hot, mig] } });
  assert.match(out, /\nGPU 0: NVIDIA Test 1000, lost: it fell off the bus\n/);
  assert.match(out, /\nGPU 1: NVIDIA Test 1000, slowed down: hw_thermal\n/);
  assert.match(out, /\nGPU 2: unknown\n {2}use {5} {30} {2}-\n {2}memory {2} {30} {2}-\n\n/);
});

it('words for states that have no row among the models', () => {
  const workers = [workerReading({ name: 'monitor', state: 'backoff', cpu: null, gpu_memory: null, queue: null })];
  assert.match(view({ gpu: { ...GPU, workers }, models: [] }), /\nmonitor +BACKOFF .* - .* - +2\.0 GiB +2 +- +1 +-\n/);
});

it('before the first observation the models are known', () => {
  const out = view({ gpu: { ...GPU, at: null, gpus: [], host: null, workers: [] } });
  assert.match(out, /^Nothing was observed yet\.\n\n\nNAME /);
  assert.match(out, /\ndetector +RUNNING +4711 +- +1 B +2\.0 KiB +0 +0 +0 +12s\n/);
});

it('fits 80 columns', () => {
  const gpu = { ...GPU, warnings: ['long '.repeat(30)] };
  const lines = view({ gpu, alerts: [alertAnswer({ text: 'long '.repeat(30) })] }, 80).split('\n');
  assert.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  );
});
