import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { EventWatch } from '../../../workers/monitor/event-watch.ts';
import type { NvmlEvent } from '../../../workers/monitor/event-watch.ts';
import { fakeGpu, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import type { FakeScript } from '../../fixtures/nvml/fake-nvml.ts';
import { fakeDriver } from '../../fixtures/nvml/in-process.ts';

const skip = await noFakeNvml();
const BOTH = [fakeGpu(0), fakeGpu(1)];

async function rig(t: TestContext, script: FakeScript, without: readonly string[] = []) {
  const driver = await fakeDriver(t, script, without);
  const heard: NvmlEvent[] = [];
  const watch = new EventWatch(driver.api, (event) => heard.push(event));
  const settled = (wanted: () => boolean): Promise<void> =>
    t.waitFor(() => assert.ok(wanted()), { interval: 5, timeout: 10_000 });
  const faults = (): string[] => driver.script.log().filter((line) => line.startsWith('fault'));
  return { ...driver, heard, watch, settled, faults };
}

test('events of all cards through one set, one wait at a time', { skip }, async (t) => {
  const { watch, handle, heard, settled, script, faults } = await rig(t, { gpus: BOTH });
  watch.watch([handle(0), handle(1)]);
  assert.equal(watch.isIdle, false);
  const xid = [
    { seq: 1, gpu: 1, data: 79 },
    { seq: 2, gpu: 0, data: 999 },
  ];
  script.write({ gpus: BOTH, events: xid });
  await settled(() => heard.length === 2);
  script.write({ gpus: BOTH, events: [{ seq: 3, gpu: 1, type: 0x4000, data: 0 }] });
  await settled(() => heard.length === 3);
  assert.deepEqual(heard, [
    { device: handle(1), xid: 79 },
    { device: handle(0), xid: 999 },
    { device: handle(1), xid: null },
  ]);
  await watch.halt();
  assert.equal(watch.isIdle, true);
  const wanted = 0x8 | 0x4000 | 0x8000;
  assert.deepEqual(script.log().slice(1), ['set created', `register 0 ${wanted}`, `register 1 ${wanted}`, 'set freed']);
  assert.deepEqual(faults(), []);
});

test('the loop stays free while a wait is in flight', { skip }, async (t) => {
  const { watch, handle } = await rig(t, { gpus: BOTH });
  watch.watch([handle(0)]);
  let turns = 0;
  const halted = watch.halt().then(() => turns);
  while (!watch.isIdle) {
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
  }
  assert.ok((await halted) > 10);
});

test('a driver that knows only Xids, and a card that tells nothing', { skip }, async (t) => {
  const gpus = [fakeGpu(0, { supportedEvents: 0x1f }), fakeGpu(1, { supportedEvents: undefined })];
  const { watch, handle, heard, settled, script } = await rig(t, { gpus });
  watch.watch([handle(0), handle(1)]);
  script.write({ gpus, events: [{ seq: 1, gpu: 0, data: 31 }] });
  await settled(() => heard.length === 1);
  assert.equal(heard[0]?.xid, 31);
  await watch.halt();
  assert.ok(script.log().includes('register 0 8'));
});

test('a mask that is refused although it is told as supported: then Xids alone', { skip }, async (t) => {
  const without = ['nvmlDeviceGetSupportedEventTypes'];
  const { watch, handle, script } = await rig(t, { gpus: BOTH }, without);
  watch.watch([handle(0)]);
  await watch.halt();
  assert.ok(script.log().includes('register 0 8'));
});

test('no card that can tell, or no such functions: idle, and nothing is left open', { skip }, async (t) => {
  const { watch, handle, script } = await rig(t, { gpus: [fakeGpu(0, { supportedEvents: undefined })] });
  watch.watch([]);
  watch.watch([handle(0)]);
  assert.equal(watch.isIdle, true);
  await watch.halt();
  assert.deepEqual(script.log().slice(-1), ['set freed']);
});

test('an old driver without sets', { skip }, async (t) => {
  const { watch, handle, script } = await rig(t, { gpus: BOTH }, ['nvmlEventSetCreate']);
  watch.watch([handle(0)]);
  assert.equal(watch.isIdle, true);
  assert.deepEqual(script.log(), ['init 0']);
});

test('a lost card ends the wait; the set is made anew without it', { skip }, async (t) => {
  const { watch, handle, heard, settled, script, faults } = await rig(t, { gpus: BOTH });
  const [first, second] = [handle(0), handle(1)];
  watch.watch([first, second]);
  const lost = [fakeGpu(0, { lost: true }), fakeGpu(1)];
  script.write({ gpus: lost });
  await settled(() => watch.isIdle);
  watch.watch([second]);
  script.write({ gpus: lost, events: [{ seq: 1, gpu: 1, data: 48 }] });
  await settled(() => heard.length === 1);
  assert.deepEqual(heard, [{ device: second, xid: 48 }]);
  await watch.halt();
  assert.deepEqual(faults(), []);
});

test('other devices: the running wait ends first', { skip }, async (t) => {
  const { watch, handle, settled, script, faults } = await rig(t, { gpus: BOTH });
  watch.watch([handle(0)]);
  watch.watch([handle(0), handle(1)]);
  await settled(() => watch.isIdle);
  watch.watch([handle(0), handle(1)]);
  await watch.halt();
  assert.equal(script.log().filter((line) => line.startsWith('register')).length, 3);
  assert.deepEqual(faults(), []);
});
