import assert from 'node:assert/strict';
import test from 'node:test';
import { givesOpinions } from '../../src/supervisor/model-entry.ts';
import { settle } from '../fixtures/fake-process.ts';
import { fakeServer } from '../fixtures/fake-server.ts';
import { livenessManifest } from '../fixtures/manifests.ts';

test('a process has the second opinions that it was loaded with, whatever the settings have become meanwhile', async (t) => {
  const asked: boolean[] = [];
  let gate = Promise.resolve();
  const server = fakeServer(t, {
    settings: (s) => ({ ...s, models: { liveness: { ...s.models['liveness'], residency: 'resident' } } }) as typeof s,
    prepare: async (_name, _signal, _version, opinions) => {
      asked.push(opinions);
      await gate;
      return {
        manifest: livenessManifest(),
        golden: { schema: 1, made_with: '', graphs: {} },
        graphPaths: {},
        missing: [],
      };
    },
  });
  const { supervisor, clock } = server;
  const entry = supervisor.models.get('liveness');
  assert.ok(entry !== undefined);
  assert.equal(entry.hasOpinions, null);
  await supervisor.start();
  const comesBack = async (): Promise<void> => {
    for (let i = 0; i < 1000 && (asked.length < 2 || entry.process.readyChild === null); i++) {
      clock.advance(100);
      await settle();
    }
    assert.notEqual(entry.process.readyChild, null);
  };
  assert.deepEqual([asked, entry.hasOpinions, givesOpinions(entry)], [[false], false, false]);

  const held = Promise.withResolvers<void>();
  gate = held.promise;
  supervisor.configureVersion('liveness', { opinions: true }, true);
  assert.equal(givesOpinions(entry), false, 'its process is the one of before');
  for (let i = 0; i < 100 && asked.length < 2; i++) {
    clock.advance(100);
    await settle();
  }
  // Too late for the process that is being prepared.
  supervisor.configureVersion('liveness', { opinions: false });
  held.resolve();
  await comesBack();
  assert.deepEqual([asked, entry.hasOpinions, givesOpinions(entry)], [[false, true], true, false]);
});
