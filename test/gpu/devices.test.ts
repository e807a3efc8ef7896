import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasNvidiaDriver, withDevices } from '../../src/gpu/devices.ts';
import { testSettings } from '../fixtures/fake-server.ts';

const settings = testSettings('/nowhere');
const devices = (of: Readonly<Record<string, string>>, hasCard: () => boolean): string[] => {
  const models = Object.entries(settings.models).map(([name, model]) => [
    name,
    { ...model, device: of[name] ?? model.device },
  ]);
  const made = withDevices({ ...settings, models: Object.fromEntries(models) }, hasCard);
  return Object.values(made.models).map((model) => model.device);
};

test('auto is the first card where there is one, else the CPU; the rest stays as it is', () => {
  const chosen = { detector: 'auto', recognizer: 'cuda:2' };
  assert.deepEqual(
    devices(chosen, () => true),
    ['cuda:0', 'cuda:2', 'cpu'],
  );
  assert.deepEqual(
    devices(chosen, () => false),
    ['cpu', 'cuda:2', 'cpu'],
  );
});

test('nobody looks for a card that nobody asked for', () => {
  assert.deepEqual(
    devices({}, () => assert.fail('looked')),
    ['cpu', 'cpu', 'cpu'],
  );
});

test('a driver is seen by its files', () => {
  assert.equal(
    hasNvidiaDriver(() => false),
    false,
  );
  for (const file of ['/proc/driver/nvidia/version', '/dev/nvidia0', '/dev/nvidiactl']) {
    assert.ok(hasNvidiaDriver((path) => path === file));
  }
});
