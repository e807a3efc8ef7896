import assert from 'node:assert/strict';
import { it } from 'node:test';
import { cpuBound, inputBound, waitingForInput } from '../../../src/telemetry/insight/input-bound.ts';
import { windowOf } from '../../../src/telemetry/insight/window.ts';
import { CONTEXT, history, type HistoryPlan } from './support.ts';

const found = (rule: typeof inputBound, plan: HistoryPlan) => rule(windowOf(history(plan), CONTEXT));

it('a GPU that waits for decoded pictures', () => {
  const [one, ...more] = found(inputBound, {
    cpu: { gpu_util: 95 },
    gpus: { 'GPU-1': { gpu_util: 12 } },
    workers: { imaging: { cpu: 310, queue: 6 }, detector: { cpu: 20 } },
  });
  assert.deepEqual(more, []);
  assert.deepEqual([one?.code, one?.severity, one?.subject], ['input_bound', 'warning', 'GPU-1']);
  assert.match(one?.text ?? '', /^NVIDIA L4 is used to 12 % while the CPU is used to 95 %: it waits for its input\. /);
  assert.match(one?.text ?? '', /Decoding is the limit: imaging uses 310 % of a core, and 6\.0 pictures wait for it\./);
  assert.deepEqual(one?.numbers, {
    gpu_util: 12,
    cpu_util: 95,
    cores: 4,
    seconds: 600,
    imaging_cpu: 310,
    imaging_queue: 6,
  });
});

it('only the moments in which the CPU is high count, and they must be many', () => {
  const plan = (busySeconds: number): HistoryPlan => ({
    length: 100,
    cpu: { gpu_util: (place) => (place < busySeconds ? 90 : 5) },
    gpus: { 'GPU-1': { gpu_util: (place) => (place < busySeconds ? 20 : 60) } },
    workers: { imaging: { cpu: 300 } },
  });
  assert.deepEqual(found(inputBound, plan(24)), []);
  assert.deepEqual(found(inputBound, plan(29)), []);
  assert.equal(found(inputBound, plan(30))[0]?.numbers['gpu_util'], 20);
});

it('one core of four says nothing; all that imaging may use does', () => {
  const plan = (imaging: number): HistoryPlan => ({
    cpu: { gpu_util: 60 },
    gpus: { 'GPU-1': { gpu_util: 10 } },
    workers: { imaging: { cpu: imaging } },
  });
  assert.deepEqual(found(inputBound, plan(100)), []);
  assert.equal(found(inputBound, plan(300)).length, 1);
});

it('says who else has the CPU', () => {
  const text = (workers: HistoryPlan['workers']) =>
    found(inputBound, { cpu: { gpu_util: 90 }, gpus: { 'GPU-1': { gpu_util: 10 } }, workers: workers ?? {} })[0]
      ?.text ?? '';
  assert.match(
    text({ liveness: { cpu: 250, on: 'cpu' }, imaging: { cpu: 50 } }),
    /liveness uses most of it, 250 % of a core/,
  );
  assert.match(text({ imaging: { cpu: 50 } }), /Other programs use most of it; this server uses 50 % of a core\./);
  const three = { imaging: { cpu: 150 }, detector: { cpu: 140 }, liveness: { cpu: 60 } };
  assert.match(text(three), /Of a core: imaging 150 %, detector 140 %, liveness 60 %\. More cores/);
});

it('a busy GPU, a free CPU, and a GPU that tells nothing are no finding', () => {
  for (const [gpu, cpu] of [
    [35, 95],
    [10, 40],
    [null, 95],
    [10, null],
  ] as const) {
    const plan = { cpu: { gpu_util: cpu }, gpus: { 'GPU-1': { gpu_util: gpu } } };
    assert.deepEqual(found(inputBound, plan), [], `${gpu}, ${cpu}`);
  }
});

it('work all the time and nothing busy: the network or the clients', () => {
  const plan = (over: Partial<Record<'gpu' | 'cpu' | 'queue' | 'inUse', number>>): HistoryPlan => ({
    cpu: { gpu_util: over.cpu ?? 20 },
    gpus: { 'GPU-1': { gpu_util: over.gpu ?? 8 } },
    workers: { imaging: { queue: over.queue ?? 0, in_use: over.inUse ?? 1 } },
  });
  const [one] = found(waitingForInput, plan({}));
  assert.deepEqual([one?.code, one?.severity], ['waiting_for_input', 'info']);
  assert.match(
    one?.text ?? '',
    /GPU|NVIDIA L4 is used to 8 %, the CPU to 20 %, and nobody waits: the network or the clients/,
  );
  for (const other of [{ gpu: 40 }, { cpu: 60 }, { queue: 1 }, { gpu: 0, inUse: 0 }]) {
    assert.deepEqual(found(waitingForInput, plan(other)), [], JSON.stringify(other));
  }
});

it('without a GPU: who uses the CPU', () => {
  const plan: HistoryPlan = {
    cpu: { gpu_util: (place) => (place < 400 ? 92 : 10) },
    workers: { detector: { cpu: 260, on: 'cpu' }, imaging: { cpu: 60 } },
  };
  const [one, ...more] = found(cpuBound, plan);
  assert.deepEqual([one?.code, one?.subject, more], ['cpu_bound', 'cpu', []]);
  assert.match(
    one?.text ?? '',
    /^The CPU is the limit: 92 % of 4 cores in 67 % of the time\. detector uses most of it, 260 %/,
  );
  assert.deepEqual(found(cpuBound, { ...plan, gpus: { 'GPU-1': { gpu_util: 90 } } }), []);
  assert.deepEqual(found(cpuBound, { ...plan, cpu: { gpu_util: 60 } }), []);
  assert.deepEqual(found(cpuBound, { ...plan, cpu: null }), []);
});
