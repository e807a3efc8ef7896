import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createOpener } from '../../../workers/monitor/nvml-session.ts';
import type { NvmlSession } from '../../../workers/monitor/nvml-session.ts';
import { buildFakeNvml, fakeGpu, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import type { FakeScript } from '../../fixtures/nvml/fake-nvml.ts';
import { fakeScript } from '../../fixtures/nvml/in-process.ts';

const skip = await noFakeNvml();

async function open(t: TestContext, said: FakeScript, without: readonly string[] = []) {
  const script = fakeScript(t, said);
  const opener = createOpener(await buildFakeNvml(without));
  return { script, opener, opened: opener() };
}

function session(opened: ReturnType<ReturnType<typeof createOpener>>): NvmlSession {
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

test('opened again after each kind of end', { skip }, async (t) => {
  const said = (code: number): FakeScript => ({ gpus: [], returns: [{ function: 'nvmlInit_v2', value: code }] });
  const { opener, opened, script } = await open(t, said(9));
  const states = [opened].map((it) => ('state' in it ? it.state : 'open'));
  for (const code of [18, 18, 4, 0, 0, 9, 0]) {
    script.write(said(code));
    const next = opener();
    states.push('state' in next ? next.state : 'open');
    if (!('state' in next)) next.close();
  }
  assert.deepEqual(states, ['no_driver', 'mismatch', 'mismatch', 'no_permission', 'open', 'open', 'no_driver', 'open']);
  assert.equal(script.log().filter((line) => line === 'shutdown').length, 3);
});
