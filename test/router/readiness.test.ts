import assert from 'node:assert/strict';
import test from 'node:test';
import { fakeServer } from '../fixtures/fake-server.ts';

const signal = new AbortController().signal;
const words = (checks: readonly { readonly name: string; readonly ok: boolean }[]): string[] =>
  checks.map(({ name, ok }) => `${name} ${ok}`);

test('imaging decodes, every model infers', async (t) => {
  const { supervisor, control } = fakeServer(t);
  await supervisor.start();
  const checks = await control.ready(signal);
  assert.deepEqual(words(checks), ['imaging true', 'detector true', 'recognizer true', 'liveness true']);
  assert.match(checks[0]?.detail ?? '', /decoded a picture/);
  assert.match(checks[1]?.detail ?? '', /golden probe passed/);
});

test('a process that is not ready is not waited for, and says why', async (t) => {
  const { supervisor, control } = fakeServer(t);
  await supervisor.start();
  await control.stop('recognizer');
  const checks = await control.ready(signal);
  assert.deepEqual(words(checks), ['imaging true', 'detector true', 'recognizer false', 'liveness true']);
  assert.match(checks[2]?.detail ?? '', /^stopped: /);
});

test('a model that answers something else than its golden output is not ready', async (t) => {
  const { supervisor, control } = fakeServer(t, {
    onSent: (process, { type, id }) => {
      if (type !== 'probe') return false;
      process.say({ type: 'begin', id });
      process.say({ type: 'result', id, value: { passed: false, minCosine: 0.2, detail: 'cosine 0.2' } });
      return true;
    },
  });
  await supervisor.start();
  const checks = await control.ready(signal);
  assert.deepEqual(words(checks), ['imaging true', 'detector false', 'recognizer false', 'liveness false']);
  assert.match(checks[1]?.detail ?? '', /golden probe failed: cosine 0.2/);
});

test('on-demand models do not count and are not loaded for it', async (t) => {
  const { supervisor, control } = fakeServer(t, {
    settings: (defaults) => ({
      ...defaults,
      models: Object.fromEntries(
        Object.entries(defaults.models).map(([name, m]) => [name, { ...m, residency: 'on_demand' as const }]),
      ),
    }),
  });
  await supervisor.start();
  assert.deepEqual(words(await control.ready(signal)), ['imaging true']);
  assert.equal(supervisor.process('detector').child, null);
});
