/** A driver's life, told by the script: what people are shown of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeGpu, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import { only, sourceRig } from '../../fixtures/nvml/in-process.ts';

const skip = await noFakeNvml();
const ALL = { uuids: [fakeGpu(0), fakeGpu(1)].map((gpu) => gpu.uuid) };
const faults = (log: readonly string[]): string[] => log.filter((line) => line.startsWith('fault'));

test('off: nothing is loaded', async (t) => {
  const { after } = await sourceRig(t, { gpus: [] }, { library: 'off' });
  assert.deepEqual(after(0), {
    driver: { state: 'off', detail: 'the settings say that GPUs are not looked at', driverVersion: null },
    gpus: [],
    events: [],
  });
});

test('no library; a file that is none', async (t) => {
  const missing = await sourceRig(t, { gpus: [] }, { library: '/nowhere/libnvidia-ml.so.1' });
  const { driver, gpus } = missing.after(0);
  assert.deepEqual([driver.state, driver.driverVersion, gpus], ['no_library', null, []]);
  assert.match(driver.detail, /is not installed/);
  assert.doesNotMatch(driver.detail, /nowhere/);
  const other = await sourceRig(t, { gpus: [] }, { library: 'libc.so.6' });
  assert.deepEqual(other.after(0).driver.state, 'no_library');
});

test('a driver without a card is fine', { skip }, async (t) => {
  const { after } = await sourceRig(t, { driver: '580.65.06', gpus: [] });
  assert.deepEqual(after(0), { driver: { state: 'ok', detail: '', driverVersion: '580.65.06' }, gpus: [], events: [] });
});

test('two cards and a process that grows', { skip }, async (t) => {
  const { after, script } = await sourceRig(t, { gpus: [fakeGpu(0), fakeGpu(1)] });
  assert.deepEqual(
    after(0).gpus.map(({ uuid, index, state, processes }) => [uuid, index, state, processes]),
    [
      [ALL.uuids[0], 0, 'ok', []],
      [ALL.uuids[1], 1, 'ok', []],
    ],
  );
  for (const memory of [100, 5000, 70_000]) {
    script.write({ gpus: [fakeGpu(0), fakeGpu(1, { memoryUsed: memory, compute: [{ pid: 42, memory }] })] });
    const { gpus, events } = after(1);
    assert.deepEqual(gpus[1]?.processes, [{ pid: 42, memoryBytes: memory, smUtil: 0 }]);
    assert.equal(gpus[1]?.memoryUsed, memory);
    assert.deepEqual([gpus[0]?.memoryUsed, events], [6000 * 1024 * 1024, []]);
  }
});

test('each code of init is a state; without init there is no shutdown', { skip }, async (t) => {
  const states = { 9: 'no_driver', 4: 'no_permission', 17: 'no_permission', 18: 'mismatch', 999: 'error' };
  for (const [code, state] of Object.entries(states)) {
    const returns = [{ function: 'nvmlInit_v2', value: Number(code) }];
    const { after, script, source } = await sourceRig(t, { gpus: [fakeGpu(0)], returns });
    const { driver, gpus } = after(0);
    assert.deepEqual([driver.state, gpus], [state, []]);
    await source.stop();
    assert.deepEqual(script.log(), [`init ${code}`]);
  }
});

test('a driver that comes later is found within 10 s, and its cards have come back', { skip }, async (t) => {
  const gpus = [fakeGpu(0), fakeGpu(1)];
  const { after, script } = await sourceRig(t, { gpus, returns: [{ function: 'nvmlInit_v2', value: 9 }] });
  assert.equal(after(0).driver.state, 'no_driver');
  script.write({ driver: '580.1', gpus });
  assert.equal(after(9.9).driver.state, 'no_driver');
  const { driver, events } = after(0.1);
  assert.deepEqual(driver, { state: 'ok', detail: '', driverVersion: '580.1' });
  assert.deepEqual(
    events.map(({ type, uuid }) => [type, uuid]),
    ALL.uuids.map((uuid) => ['gpu_back', uuid]),
  );
  assert.deepEqual(after(1).events, []);
});

test('cards that cannot be counted: the driver is at fault, and is let go', { skip }, async (t) => {
  const returns = [{ function: 'nvmlDeviceGetCount_v2', value: 999 }];
  const { after, script } = await sourceRig(t, { driver: '580.1', gpus: [], returns });
  assert.partialDeepStrictEqual(after(0).driver, { state: 'error', driverVersion: '580.1' });
  assert.deepEqual(script.log(), ['init 0', 'shutdown']);
});

test('one card of two that may not be used', { skip }, async (t) => {
  const gpus = [fakeGpu(0), fakeGpu(1)];
  const returns = [{ function: 'nvmlDeviceGetHandleByIndex_v2', device: '0', value: 4 }];
  const { after, until, script } = await sourceRig(t, { gpus, returns });
  const before = after(0).gpus;
  assert.partialDeepStrictEqual(before[0], { index: 0, uuid: null, state: 'no_permission', gpuUtil: null });
  assert.partialDeepStrictEqual(before[1], { index: 1, state: 'ok', gpuUtil: 57 });
  script.write({ gpus });
  after(10);
  const { events } = await until(({ gpus: now }) => now[0]?.state === 'ok');
  assert.deepEqual(
    events.map(({ type, uuid }) => [type, uuid]),
    [['gpu_back', ALL.uuids[0]]],
  );
  assert.deepEqual(faults(script.log()), []);
});

test('an Xid is told once, with the card it is of', { skip }, async (t) => {
  const gpus = [fakeGpu(0), fakeGpu(1)];
  const { after, until, script } = await sourceRig(t, { gpus });
  after(0);
  script.write({ gpus, events: [{ seq: 1, gpu: 1, data: 31 }] });
  const { events } = await until((sample) => sample.events.length > 0);
  assert.deepEqual(events, [{ type: 'xid', index: 1, uuid: ALL.uuids[1], xid: 31, at: 1_700_000_000_000 }]);
  assert.deepEqual(after(1).events, []);
});

test('a lost card: the others are read on, and it comes back', { skip }, async (t) => {
  const { after, until, script, source } = await sourceRig(t, { gpus: [fakeGpu(0), fakeGpu(1)] });
  after(0);
  script.write({ gpus: [fakeGpu(0, { lost: true }), fakeGpu(1, { gpuUtil: 99 })] });
  const lost = after(1);
  assert.deepEqual(
    lost.events.map(({ type, index, uuid }) => [type, index, uuid]),
    [['gpu_lost', 0, ALL.uuids[0]]],
  );
  assert.partialDeepStrictEqual(lost.gpus[0], {
    uuid: ALL.uuids[0],
    name: 'NVIDIA Fake 4090',
    state: 'lost',
    gpuUtil: null,
    memoryTotal: null,
    processes: null,
  });
  assert.match(lost.gpus[0]?.detail ?? '', /fallen off the bus/);
  assert.partialDeepStrictEqual(lost.gpus[1], { state: 'ok', gpuUtil: 99 });

  // Still lost when it is looked for: it keeps its name, and that is no second event.
  after(10);
  const again = await until(() => script.log().filter((line) => line === 'init 0').length === 2);
  assert.partialDeepStrictEqual(again.gpus[0], { uuid: ALL.uuids[0], state: 'lost' });
  assert.deepEqual(again.events, []);
  // Xids of the other card are heard meanwhile.
  const xid = [{ seq: 1, gpu: 1, data: 13 }];
  script.write({ gpus: [fakeGpu(0, { lost: true }), fakeGpu(1)], events: xid });
  assert.partialDeepStrictEqual((await until(({ events }) => events.length > 0)).events, [{ type: 'xid', index: 1 }]);

  script.write({ gpus: [fakeGpu(0), fakeGpu(1)] });
  after(20);
  const back = await until(({ gpus }) => gpus[0]?.state === 'ok');
  assert.deepEqual(
    back.events.map(({ type, uuid }) => [type, uuid]),
    [['gpu_back', ALL.uuids[0]]],
  );
  assert.partialDeepStrictEqual(back.gpus[0], { gpuUtil: 57, detail: '' });
  await source.stop();
  assert.deepEqual(faults(script.log()), []);
  assert.deepEqual(script.log().slice(-2), ['set freed', 'shutdown']);
});

test('a card that stays lost is looked for ever less often, up to five minutes', { skip }, async (t) => {
  // Without events there is no wait in flight that NVML would have to be kept open for.
  const [well, other] = [fakeGpu(0, { supportedEvents: undefined }), fakeGpu(1, { supportedEvents: undefined })];
  const { after, script } = await sourceRig(t, { gpus: [well, other] });
  after(0);
  script.write({ gpus: [well, { ...other, lost: true }] });
  after(1);
  const opened = (): number => script.log().filter((line) => line === 'init 0').length;
  const waits: number[] = [];
  for (let waited = 5, found = 1; waits.length < 8 && waited < 1000; waited += 5) {
    after(5);
    if (opened() === found) continue;
    waits.push(waited);
    [waited, found] = [0, found + 1];
  }
  assert.deepEqual(waits, [10, 10, 20, 40, 80, 160, 300, 300]);
});

test('a card that must be reset', { skip }, async (t) => {
  const gpus = [fakeGpu(0)];
  const { after, until, script } = await sourceRig(t, { gpus });
  after(0);
  script.write({ gpus, returns: [{ function: 'nvmlDeviceGetUtilizationRates', value: 16 }] });
  const { events, gpus: now } = after(1);
  assert.deepEqual([now[0]?.state, events[0]?.type], ['reset_required', 'gpu_lost']);
  script.write({ gpus });
  after(10);
  assert.equal((await until((sample) => only(sample).state === 'ok')).events[0]?.type, 'gpu_back');
});

test('a card that is not listed any more stays in the list as lost, though another has its index', {
  skip,
}, async (t) => {
  const { after, until, script } = await sourceRig(t, { gpus: [fakeGpu(0), fakeGpu(1)] });
  after(0);
  script.write({ gpus: [fakeGpu(0, { lost: true }), fakeGpu(1)] });
  assert.equal(after(1).events[0]?.type, 'gpu_lost');
  script.write({ gpus: [fakeGpu(1)] });
  after(10);
  const { gpus, events } = await until((sample) => sample.gpus[0]?.uuid === ALL.uuids[1]);
  assert.deepEqual(
    gpus.map(({ uuid, index, state }) => [uuid, index, state]),
    [
      [ALL.uuids[1], 0, 'ok'],
      [ALL.uuids[0], 0, 'lost'],
    ],
  );
  assert.match(gpus[1]?.detail ?? '', /does not list/);
  assert.deepEqual(events, []);
});

test('a driver that fails at runtime: its cards are lost, and come back with it', { skip }, async (t) => {
  const gpus = [fakeGpu(0), fakeGpu(1)];
  const { after, until, script } = await sourceRig(t, { driver: '1', gpus });
  after(0);
  const gone = [
    { function: 'nvmlDeviceGetUtilizationRates', value: 9 },
    { function: 'nvmlInit_v2', value: 9 },
  ];
  script.write({ gpus, returns: gone });
  const failed = after(1);
  assert.equal(failed.driver.state, 'no_driver');
  assert.deepEqual(
    failed.gpus.map(({ state }) => state),
    ['lost', 'lost'],
  );
  assert.deepEqual(
    failed.events.map(({ type }) => type),
    ['gpu_lost', 'gpu_lost'],
  );
  await until(() => script.log().at(-1) === 'shutdown');
  assert.equal(after(10).driver.state, 'no_driver');
  script.write({ driver: '2', gpus });
  const back = after(10);
  assert.deepEqual([back.driver.state, back.driver.driverVersion], ['ok', '2']);
  assert.deepEqual(
    back.events.map(({ type }) => type),
    ['gpu_back', 'gpu_back'],
  );
  assert.deepEqual(faults(script.log()), []);
});

test('a lost card, and then the driver with it', { skip }, async (t) => {
  const { after, until, script } = await sourceRig(t, { gpus: [fakeGpu(0), fakeGpu(1)] });
  after(0);
  script.write({ gpus: [fakeGpu(0, { lost: true }), fakeGpu(1)], returns: [{ function: 'nvmlInit_v2', value: 999 }] });
  after(1);
  after(10);
  const { gpus, events } = await until(({ driver }) => driver.state === 'error');
  // Nothing old is shown of the card that was well.
  assert.partialDeepStrictEqual(gpus[1], { uuid: ALL.uuids[1], state: 'lost', gpuUtil: null });
  assert.partialDeepStrictEqual(events, [{ type: 'gpu_lost', index: 1 }]);
});

test('the driver says that a card is unavailable: it is looked at anew', { skip }, async (t) => {
  const gpus = [fakeGpu(0)];
  const { after, until, script } = await sourceRig(t, { gpus });
  after(0);
  const events = [{ seq: 1, gpu: 0, type: 0x4000, data: 0 }];
  script.write({ gpus, events, returns: [{ function: 'nvmlDeviceGetHandleByIndex_v2', value: 15 }] });
  after(10);
  const sample = await until((it) => only(it).state === 'lost');
  assert.deepEqual([only(sample).uuid, sample.events[0]?.type], [ALL.uuids[0], 'gpu_lost']);
});

test('a card that cannot even tell its memory', { skip }, async (t) => {
  const returns = ['nvmlDeviceGetMemoryInfo_v2', 'nvmlDeviceGetMemoryInfo'].map((name) => {
    return { function: name, value: 999 };
  });
  const { after, script } = await sourceRig(t, { gpus: [fakeGpu(0)], returns });
  const broken = after(0);
  assert.partialDeepStrictEqual(only(broken), { state: 'error', memoryUsed: null, temperature: 64 });
  assert.deepEqual(broken.events, []);
  script.write({ gpus: [fakeGpu(0)] });
  assert.partialDeepStrictEqual(only(after(1)), { state: 'ok', detail: '', memoryUsed: 6000 * 1024 * 1024 });
});

test('PCIe traffic: one card in turn at every fifth sample, and kept until its next turn', { skip }, async (t) => {
  const at = (kb: number) => ({ gpus: [0, 1].map((i) => fakeGpu(i, { pcieRxKb: kb, pcieTxKb: kb + 1 })) });
  const { after, script } = await sourceRig(t, at(0));
  const seen: (number | null | undefined)[][] = [];
  for (let i = 0; i < 11; i++) {
    script.write(at(i));
    seen.push(after(1).gpus.map(({ pcieRx }) => (pcieRx === null ? null : pcieRx / 1024)));
  }
  assert.deepEqual(seen[0], [0, null]);
  assert.deepEqual(seen[4], [0, null]);
  assert.deepEqual(seen[5], [0, 5]);
  assert.deepEqual(seen[9], [0, 5]);
  assert.deepEqual(seen[10], [10, 5]);
});
