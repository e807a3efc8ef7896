import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openNvml } from '../../../workers/monitor/nvml-session.ts';
import type { NvmlSession } from '../../../workers/monitor/nvml-session.ts';
import { buildFakeNvml, fakeGpu, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import type { FakeScript } from '../../fixtures/nvml/fake-nvml.ts';
import { fakeScript } from '../../fixtures/nvml/in-process.ts';

const skip = await noFakeNvml();

async function open(t: TestContext, said: FakeScript, without: readonly string[] = []) {
  const script = fakeScript(t, said);
  return { script, opened: openNvml(await buildFakeNvml(without)) };
}

function session(opened: ReturnType<typeof openNvml>): NvmlSession {
  return 'state' in opened ? assert.fail(opened.detail) : opened;
}

test('the cards with their names, in NVML’s order', { skip }, async (t) => {
  const { opened, script } = await open(t, { driver: '580.65.06', gpus: [fakeGpu(0), fakeGpu(1)] });
  const { driver, cards, close } = session(opened);
  assert.deepEqual(driver, { state: 'ok', detail: '', driverVersion: '580.65.06' });
  assert.deepEqual(
    cards.map(({ index, uuid, pciBusId, failure }) => [index, uuid, pciBusId, failure]),
    [0, 1].map((i) => [i, fakeGpu(i).uuid, fakeGpu(i).busId, null]),
  );
  assert.equal(new Set(cards.map((card) => card.handle)).size, 2);
  close();
  assert.deepEqual(script.log(), ['init 0', 'shutdown']);
});

test('cards that do not answer are listed with the reason', { skip }, async (t) => {
  const { opened } = await open(t, {
    gpus: [fakeGpu(0), fakeGpu(1, { lost: true }), fakeGpu(2), fakeGpu(3)],
    returns: [
      { function: 'nvmlDeviceGetHandleByIndex_v2', device: '2', value: 4 },
      { function: 'nvmlDeviceGetUUID', device: '3', value: 15 },
    ],
  });
  const { cards, close, driver } = session(opened);
  assert.deepEqual(
    cards.map(({ handle, failure }) => [handle === null, failure?.state ?? 'ok']),
    [
      [false, 'ok'],
      [true, 'lost'],
      [true, 'no_permission'],
      [true, 'lost'],
    ],
  );
  assert.equal(driver.driverVersion, null);
  close();
});

test('a driver that fails while its cards are named is shut down', { skip }, async (t) => {
  const { opened, script } = await open(t, {
    driver: '1',
    gpus: [fakeGpu(0)],
    returns: [{ function: 'nvmlDeviceGetName', value: 18 }],
  });
  assert.partialDeepStrictEqual(opened, { state: 'mismatch', driverVersion: '1' });
  assert.deepEqual(script.log(), ['init 0', 'shutdown']);
});

test('a driver that lacks what is needed is none', { skip }, async (t) => {
  const { opened } = await open(t, { gpus: [] }, ['nvmlDeviceGetHandleByIndex_v2']);
  assert.partialDeepStrictEqual(opened, { state: 'no_library', driverVersion: null });
});
