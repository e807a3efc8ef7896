import assert from 'node:assert/strict';
import test from 'node:test';
import type { ModelStatus } from '../../src/contract/results.ts';
import { settle } from '../fixtures/fake-process.ts';
import { fakeServer } from '../fixtures/fake-server.ts';

const signal = new AbortController().signal;

test('the memory of a model: what is kept for it, who uses it, whether it is pinned', async (t) => {
  const { supervisor, control, clock } = fakeServer(t, {
    settings: (defaults) => ({
      ...defaults,
      models: Object.fromEntries(
        Object.entries(defaults.models).map(([name, m]) => [
          name,
          { ...m, residency: 'on_demand' as const, idle_ttl_ms: 1000 },
        ]),
      ),
    }),
  });
  const detector = (): ModelStatus => {
    const found = control.status().find(({ name }) => name === 'detector');
    assert.ok(found);
    return found;
  };
  const shown = (): unknown[] => {
    const { supervisord_state, reserved_bytes, in_use, pinned, pid } = detector();
    return [supervisord_state, reserved_bytes, in_use, pinned, pid !== null];
  };
  const needed = supervisor.residency.plan('detector').neededBytes;
  assert.deepEqual(shown(), ['EXITED', 0, 0, false, false], 'never loaded');
  const lease = await supervisor.residency.acquire('detector', signal);
  assert.deepEqual(shown(), ['RUNNING', needed, 1, false, true]);
  await control.pin('detector', true);
  lease.release();
  clock.advance(10_000);
  await settle();
  assert.deepEqual(shown(), ['RUNNING', needed, 0, true, true], 'pinned: idle_ttl does not count');
  await control.pin('detector', false);
  await settle();
  assert.deepEqual(shown(), ['EXITED', 0, 0, false, false]);
  await control.stop('detector');
  assert.equal(detector().supervisord_state, 'STOPPED', 'by a person, which is not the same');
  assert.deepEqual([detector().restarts, detector().last_death, detector().memory_bytes], [0, null, null]);
});

test('the threads of a model are those of its process, whatever the next one is to have', async (t) => {
  const { supervisor, control } = fakeServer(t);
  const threads = (): unknown => control.status().find(({ name }) => name === 'detector')?.threads;
  supervisor.configureVersion('detector', { threads: 3 });
  assert.equal(threads(), 3);
  const started = supervisor.start();
  await settle();
  await started;
  supervisor.configureVersion('detector', { threads: 5 });
  assert.equal(threads(), 3);
  await control.restart('detector');
  assert.equal(threads(), 5);
});
