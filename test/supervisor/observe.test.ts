/** Readings joined with models, budgets and queues. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { observe, type ProcessView, type ServerView } from '../../src/supervisor/observe.ts';
import { gpuReading, MIB, monitorSample, procReading } from '../fixtures/monitor-sample.ts';

const AT = Date.UTC(2026, 0, 1);
const process = (given: Partial<ProcessView>): ProcessView => ({
  name: 'detector',
  device: 'cpu',
  state: 'ready',
  pid: 100,
  reserved: null,
  queue: 0,
  inUse: 0,
  restarts: 0,
  ...given,
});
const view = (given: Partial<ServerView> = {}): ServerView => ({
  at: AT,
  processes: [process({})],
  budgets: [],
  noDriver: null,
  ...given,
});

test('rates come from two looks at the same process', () => {
  const before = monitorSample({ at: AT - 2000, processes: [procReading({ pid: 100 })] });
  const now = monitorSample({
    at: AT,
    processes: [
      procReading({ pid: 100, cpuMs: 2000, majorFaults: 5, voluntarySwitches: 300, involuntarySwitches: 30 }),
    ],
  });
  const [worker] = observe(view(), now, before).workers;
  assert.equal(worker?.cpu, 50);
  assert.equal(worker?.majorFaults, 2);
  assert.equal(worker?.minorFaults, 0);
  assert.equal(worker?.switches, 110);
  assert.equal(worker?.memory, 80 * MIB);
  assert.equal(worker?.fds, 20);
});

test('a first look, a process that was replaced, a figure that the kernel does not tell: null, not 0', () => {
  const now = monitorSample({ processes: [procReading({ pid: 100, cpuMs: 10, minorFaults: null })] });
  assert.equal(observe(view(), now, null).workers[0]?.cpu, null);
  const before = monitorSample({ at: AT - 1000, processes: [procReading({ pid: 100, cpuMs: 5000 })] });
  const [worker] = observe(view(), now, before).workers;
  assert.equal(worker?.cpu, null, 'the counter went backwards');
  assert.equal(worker?.minorFaults, null);
  assert.equal(observe(view({ processes: [process({ pid: null })] }), now, before).workers[0]?.memory, null);
});

test('a model on a card: its bytes by the driver, its device by uuid, its budget by the settings’ name', () => {
  const gpus = [
    gpuReading({ index: 0, uuid: 'GPU-a' }),
    gpuReading({ index: 1, uuid: 'GPU-b', processes: [{ pid: 100, memoryBytes: 400 * MIB, smUtil: 3 }] }),
  ];
  const budgets = [{ name: 'cuda:1', limitBytes: 3000 * MIB, reservedBytes: 500 * MIB, foreignBytes: 600 * MIB }];
  const seen = observe(
    view({ processes: [process({ device: 'cuda:1', reserved: 500 * MIB })], budgets }),
    monitorSample({ gpus }),
    null,
  );
  assert.deepEqual(
    seen.devices.map((device) => [device.id, device.device, device.budget]),
    [
      ['cpu', null, null],
      ['GPU-a', null, null],
      ['GPU-b', 'cuda:1', 3000 * MIB],
    ],
  );
  assert.equal(seen.devices[2]?.foreign, 600 * MIB);
  assert.equal(seen.workers[0]?.device, 'GPU-b');
  assert.equal(seen.workers[0]?.gpuMemory, 400 * MIB);
});

test('a device that nothing limits has no budget', () => {
  const budgets = [{ name: 'cpu', limitBytes: Number.POSITIVE_INFINITY, reservedBytes: 7, foreignBytes: 0 }];
  const [cpu] = observe(view({ budgets }), null, null).devices;
  assert.equal(cpu?.budget, null);
  assert.equal(cpu?.reserved, 7);
});

test('without an answer of the monitor the rest is told', () => {
  const seen = observe(view({ processes: [process({ queue: 4 })] }), null, monitorSample());
  assert.equal(seen.driver.state, 'off');
  assert.equal(seen.host, null);
  assert.deepEqual(
    seen.devices.map((device) => device.id),
    ['cpu'],
  );
  assert.equal(seen.devices[0]?.util, null);
  assert.equal(seen.workers[0]?.queue, 4);
  assert.equal(seen.workers[0]?.memory, null);
});

test('a driver that is left alone is told in the supervisor’s words', () => {
  const { driver } = observe(view({ noDriver: 'it hangs' }), monitorSample(), null);
  assert.deepEqual(driver, { state: 'error', detail: 'it hangs', driverVersion: null });
});
