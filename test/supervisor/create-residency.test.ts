/** What the memory scheduler orders is counted and told, by the words of the metrics and events. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { settle } from '../fixtures/fake-process.ts';
import { fakeServer } from '../fixtures/fake-server.ts';

const signal = new AbortController().signal;

test('loads and evictions are counted by model and reason, and told as events', async (t) => {
  const { supervisor, metrics, events, clock } = fakeServer(t, {
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
  const told: string[] = [];
  events.on('memory.evict', ({ name, reason }) => told.push(`${name}: ${reason}`));
  const { residency } = supervisor;
  (await residency.acquire('detector', signal)).release();
  residency.command('unload', 'detector');
  await settle();
  (await residency.acquire('detector', signal)).release();
  clock.advance(1000);
  await settle();
  assert.deepEqual(told, ['detector: unloaded by an operator', 'detector: idle']);
  const loads = (await metrics.modelLoads.get()).values.map((v) => [v.labels.model, v.value]);
  assert.deepEqual(loads, [['detector', 2]]);
  const evictions = (await metrics.evictions.get()).values.map(
    (v) => `${v.labels.model} ${v.labels.reason} ${v.value}`,
  );
  assert.deepEqual(evictions, ['detector operator 1', 'detector idle 1']);
  assert.equal(supervisor.process('detector').lastDeath, null, 'an end that was asked for is no death');
});
