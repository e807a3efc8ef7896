import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProcessLists } from '../../../workers/monitor/process-lists.ts';
import { fakeGpu, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import { fakeDriver } from '../../fixtures/nvml/in-process.ts';

const skip = await noFakeNvml();
const NAMES = ['Compute', 'Graphics', 'MPSCompute'].map((kind) => `nvmlDeviceGet${kind}RunningProcesses`);
const V3 = NAMES.map((name) => `${name}_v3`);
const V2 = NAMES.map((name) => `${name}_v2`);
const BUSY = fakeGpu(0, {
  compute: [
    { pid: 10, memory: 1000 },
    { pid: 11, memory: 2 ** 40 },
  ],
  graphics: [
    { pid: 10, memory: 1000 },
    { pid: 12, memory: 7 },
  ],
  mps: [{ pid: 13, memory: -1 }],
});

for (const [age, without] of Object.entries({ v3: [], v2: V3, v1: [...V3, ...V2] })) {
  test(`the lists of all kinds, merged by pid (${age})`, { skip }, async (t) => {
    const { api, handle } = await fakeDriver(t, { gpus: [BUSY] }, without);
    assert.deepEqual(createProcessLists(api, null).read(handle(0), Date.now()), [
      { pid: 10, memoryBytes: 1000, smUtil: 0 },
      { pid: 11, memoryBytes: 2 ** 40, smUtil: 0 },
      { pid: 12, memoryBytes: 7, smUtil: 0 },
      { pid: 13, memoryBytes: null, smUtil: 0 },
    ]);
  });
}

test('more processes than there is room for', { skip }, async (t) => {
  const compute = Array.from({ length: 300 }, (_, i) => ({ pid: 100 + i, memory: i }));
  const { api, handle } = await fakeDriver(t, { gpus: [fakeGpu(0, { compute })] });
  const read = createProcessLists(api, null).read(handle(0), Date.now()) ?? assert.fail('no list');
  assert.equal(read.length, 300);
  assert.deepEqual(read.at(-1), { pid: 399, memoryBytes: 299, smUtil: 0 });
});

test('the share of each, from its newest sample in the last moments', { skip }, async (t) => {
  const now = Date.now();
  const at = (ms: number): number => (now + ms) * 1000;
  const samples = [
    { pid: 10, sm: 41, atUs: at(-900) },
    { pid: 10, sm: 43, atUs: at(-100) },
    { pid: 11, sm: 12, atUs: at(-2500) },
    { pid: 12, sm: 4_294_967, atUs: at(-10) },
    { pid: 99, sm: 5, atUs: at(-10) },
  ];
  const { api, handle } = await fakeDriver(t, { gpus: [{ ...BUSY, samples }] });
  const read = createProcessLists(api, null).read(handle(0), now) ?? assert.fail('no list');
  // 11 was busy 2.5 s ago; what is said of 12 cannot be.
  assert.deepEqual(
    read.map(({ pid, smUtil }) => [pid, smUtil]),
    [
      [10, 43],
      [11, 0],
      [12, null],
      [13, 0],
    ],
  );
});

test('a card that does not count shares says null, one without lists has none', { skip }, async (t) => {
  const gpus = [fakeGpu(0, { compute: [{ pid: 5, memory: 9 }], samples: undefined })];
  const none = { compute: undefined, graphics: undefined, mps: undefined };
  const { api, handle } = await fakeDriver(t, { gpus: [...gpus, fakeGpu(1, none), fakeGpu(2)] });
  const lists = createProcessLists(api, null);
  assert.deepEqual(lists.read(handle(0), Date.now()), [{ pid: 5, memoryBytes: 9, smUtil: null }]);
  assert.equal(lists.read(handle(1), Date.now()), null);
  assert.deepEqual(lists.read(handle(2), Date.now()), []);
});

test('an early driver 535 is asked by its second call: its third writes a longer struct', { skip }, async (t) => {
  const returns = V3.map((name) => ({ function: name, value: 999 }));
  const { api, handle } = await fakeDriver(t, { gpus: [BUSY], returns });
  for (const version of ['535.43.02', '535.54.03', '535.86.10'])
    assert.equal(createProcessLists(api, version).read(handle(0), Date.now())?.length, 4);
  for (const version of ['535.98', '535.104.05', '580.65.06', null])
    assert.equal(createProcessLists(api, version).read(handle(0), Date.now()), null);
});
