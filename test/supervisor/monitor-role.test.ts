/** The driver that hangs is left alone for a while, and only for its hangs. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { DriverPatience, monitorRole } from '../../src/supervisor/monitor-role.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

test('three hangs in two minutes: left alone for ten', async () => {
  const clock = new ManualClock();
  const patience = new DriverPatience(clock);
  const role = monitorRole({ ...testSettings('/nowhere').monitor, nvml_library: '/x.so' }, patience, clock);
  const library = async (): Promise<unknown> => {
    const prepared = await role.prepare(new AbortController().signal);
    return prepared.ok ? prepared.value.nvmlLibrary : prepared.missing;
  };
  patience.hung();
  patience.hung();
  assert.equal(await library(), '/x.so');
  patience.hung();
  assert.ok(patience.leavesAlone);
  assert.equal(await library(), 'off');
  clock.advance(600_000);
  assert.equal(await library(), '/x.so');
});

test('hangs far from each other are forgiven', () => {
  const clock = new ManualClock();
  const patience = new DriverPatience(clock);
  for (let i = 0; i < 5; i++) {
    patience.hung();
    clock.advance(70_000);
  }
  assert.ok(!patience.leavesAlone);
});
