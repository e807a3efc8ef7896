import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Card } from '../../../workers/monitor/card.ts';
import { readIdentity } from '../../../workers/monitor/device-reader.ts';
import { createProcessLists } from '../../../workers/monitor/process-lists.ts';
import type { Found } from '../../../workers/monitor/nvml-session.ts';
import { fakeGpu, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import type { FakeGpu } from '../../fixtures/nvml/fake-nvml.ts';
import { fakeDriver } from '../../fixtures/nvml/in-process.ts';

const skip = await noFakeNvml();
const part = (n: number): FakeGpu => ({
  uuid: `MIG-${n}`,
  name: 'NVIDIA Fake MIG 1g.10gb',
  memoryTotal: 10_000,
  memoryUsed: 100 * n,
  compute: [{ pid: n, memory: n }],
});

async function rig(t: TestContext, gpu: FakeGpu) {
  const { api, handle, script } = await fakeDriver(t, { gpus: [gpu] });
  const device = handle(0);
  const card = new Card({ index: 0, handle: device, failure: null, ...readIdentity(api, device) });
  const lists = createProcessLists(api, null);
  const read = () => {
    card.read(api, lists, Date.now(), false);
    return card.readings();
  };
  return { card, read, script };
}

test('MIG devices come after their card; what they do not know is null', { skip }, async (t) => {
  const gpu = fakeGpu(0, { migMode: 1, gpuUtil: undefined, memoryUtil: undefined, mig: [part(1), null, part(3)] });
  const { read } = await rig(t, gpu);
  const [card, first, third, ...others] = read();
  assert.deepEqual(others, []);
  assert.partialDeepStrictEqual(card, { migEnabled: true, gpuUtil: null, parentUuid: null, temperature: 64 });
  assert.partialDeepStrictEqual(first, {
    index: 0,
    uuid: 'MIG-1',
    parentUuid: gpu.uuid,
    name: 'NVIDIA Fake MIG 1g.10gb',
    pciBusId: null,
    state: 'ok',
    memoryTotal: 10_000,
    memoryUsed: 100,
    gpuUtil: null,
    temperature: null,
    powerDraw: null,
    pcieRx: null,
    migEnabled: null,
    processes: [{ pid: 1, memoryBytes: 1, smUtil: null }],
  });
  assert.equal(third?.uuid, 'MIG-3');
});

test('MIG devices that are made are seen after ten samples, those that are removed at once', { skip }, async (t) => {
  const { read, script } = await rig(t, fakeGpu(0, { migMode: 1, mig: [part(1)] }));
  const uuids = () => read().map(({ uuid }) => uuid?.slice(0, 5));
  assert.deepEqual(uuids(), ['GPU-0', 'MIG-1']);
  script.write({ gpus: [fakeGpu(0, { migMode: 1, mig: [part(1), part(2)] })] });
  for (let i = 0; i < 9; i++) assert.deepEqual(uuids(), ['GPU-0', 'MIG-1']);
  assert.deepEqual(uuids(), ['GPU-0', 'MIG-1', 'MIG-2']);
  script.write({ gpus: [fakeGpu(0, { migMode: 1, mig: [null, part(2)] })] });
  // Once without figures, for it was listed; then not at all.
  assert.equal(read()[1]?.memoryTotal, null);
  assert.deepEqual(uuids(), ['GPU-0', 'MIG-2']);
});

test('a card without MIG is told from one that has it off', { skip }, async (t) => {
  for (const [migMode, migEnabled] of [[undefined, null] as const, [0, false] as const]) {
    const { read } = await rig(t, fakeGpu(0, { migMode }));
    assert.deepEqual(
      read().map((reading) => reading.migEnabled),
      [migEnabled],
    );
  }
});

const found = (over: Partial<Found>): Found => ({
  index: 0,
  handle: 1n,
  failure: null,
  uuid: 'GPU-a',
  name: 'A',
  pciBusId: null,
  ...over,
});
const LOST: Found = found({ handle: null, uuid: null, name: null, failure: { state: 'lost', detail: 'gone' } });

test('found again: what does not answer keeps the name of the one at its index', () => {
  const before = [new Card(found({})), new Card(found({ index: 1, uuid: 'GPU-b', name: 'B' }))];
  const merged = Card.merge(before, [LOST, found({ index: 1, uuid: 'GPU-b', name: 'B' })]);
  assert.partialDeepStrictEqual(
    merged.flatMap((card) => card.readings()),
    [
      { index: 0, uuid: 'GPU-a', name: 'A', state: 'lost', detail: 'gone' },
      { index: 1, uuid: 'GPU-b', state: 'ok' },
    ],
  );
  assert.deepEqual(
    merged.map((card) => card.isGone),
    [true, false],
  );
});

test('found again: not the name of one that has moved', () => {
  const merged = Card.merge([new Card(found({}))], [LOST, found({ index: 1 })]);
  assert.deepEqual(
    merged.map((card) => card.uuid),
    [null, 'GPU-a'],
  );
});

test('a failure takes the figures and the handle', { skip }, async (t) => {
  const { card, read } = await rig(t, fakeGpu(0, { migMode: 1, mig: [part(1)] }));
  assert.equal(read().length, 2);
  card.fail({ state: 'lost', detail: 'gone' });
  assert.deepEqual([card.handle, card.isGone], [null, true]);
  const [reading, ...others] = read();
  assert.partialDeepStrictEqual(reading, { state: 'lost', detail: 'gone', memoryUsed: null, name: 'NVIDIA Fake 4090' });
  assert.deepEqual(others, []);
});
