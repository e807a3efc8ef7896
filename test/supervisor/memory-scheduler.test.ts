import assert from 'node:assert/strict';
import test from 'node:test';
import { createScheduler } from '../../src/supervisor/memory-scheduler.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { detectorManifest } from '../fixtures/manifests.ts';

const action = { url: '', method: 'POST' as const, body: '', command: [] as string[] };

function create() {
  const defaults = testSettings('/nowhere');
  const detector = defaults.models['detector'];
  assert.ok(detector);
  return createScheduler(
    {
      ...defaults,
      memory: { ...defaults.memory, budgets: ['cuda:0=4000', 'cpu=900'], headroom_mb: 100 },
      models: {
        detector: { ...detector, pin: true, priority: 3, memory_limit_mb: 700 },
        unread: { ...detector, residency: 'on_demand' },
        off: { ...detector, enabled: false },
      },
      tenants: {
        llm: {
          device: 'cuda:0',
          holds_mb: 4800,
          timeout_ms: 1000,
          release: { ...action, url: 'http://127.0.0.1:1/unload' },
          reacquire: action,
        },
      },
    },
    new Map([['detector', detectorManifest()]]),
    () => 0.5,
  );
}

test('models, devices and tenants are those of the settings, their sizes those of the manifests', () => {
  const { models, devices, tenants } = create();
  assert.deepEqual([...models.keys()], ['detector', 'unread'], 'what is not enabled is not scheduled');
  const detector = models.get('detector')?.config;
  assert.deepEqual(
    [detector?.estimateBytes, detector?.pinned, detector?.priority, detector?.limitBytes],
    [detectorManifest().memory.load_peak_mb * 1e6, true, 3, 700e6],
  );
  assert.equal(models.get('unread')?.config.estimateBytes, 500e6, 'no manifest: a careful guess');
  assert.equal(models.get('unread')?.config.residency, 'on_demand');
  assert.equal(devices.get('cpu')?.config.budgetBytes, 900e6);
  assert.equal(devices.get('cuda:0')?.config.budgetBytes, 4000e6, 'the device of a tenant is a device');
  assert.equal(devices.get('cpu')?.config.headroomBytes, 100e6);
  assert.deepEqual(tenants.get('llm')?.config, {
    name: 'llm',
    device: 'cuda:0',
    holdsBytes: 4800e6,
    reacquire: false,
  });
});
