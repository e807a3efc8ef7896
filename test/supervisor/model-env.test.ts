import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelSettings, Settings } from '../../src/contract/settings.ts';
import { crowdedThreadsFor, modelEnv, threadsFor } from '../../src/supervisor/model-env.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

function detectorOf(settings: Settings): ModelSettings {
  const { detector } = settings.models;
  assert.ok(detector !== undefined);
  return detector;
}

test('auto shares the cores out among the enabled models, two at least where there are two', (t) => {
  const settings = testSettings(tempDir(t));
  const detector = detectorOf(settings);
  const byCores = [1, 2, 3, 4, 6, 8, 12, 64].map((cores) => threadsFor(settings, detector, cores));
  assert.deepEqual(byCores, [1, 2, 2, 2, 2, 2, 4, 21]);
});

test('on two cores a run has one thread while other requests are under way, unless a number or a card was chosen', (t) => {
  const settings = testSettings(tempDir(t));
  const detector = detectorOf(settings);
  const byCores = [1, 2, 3, 4, 64].map((cores) => crowdedThreadsFor(settings, detector, cores));
  assert.deepEqual(byCores, [1, 1, 2, 2, 21]);
  assert.equal(crowdedThreadsFor(settings, { ...detector, threads: 2 }, 2), 2);
  assert.equal(crowdedThreadsFor(settings, { ...detector, device: 'cuda:0' }, 2), 2);
});

test('models that are not served take no share', (t) => {
  const settings = testSettings(tempDir(t));
  const detector = detectorOf(settings);
  const models = Object.fromEntries(
    Object.entries(settings.models).map(([name, model]) => [name, { ...model, enabled: name === 'detector' }]),
  );
  assert.equal(threadsFor({ ...settings, models }, detector, 8), 8);
});

test('a number is taken as it is', (t) => {
  const settings = testSettings(tempDir(t));
  assert.equal(threadsFor(settings, { ...detectorOf(settings), threads: 3 }, 1), 3);
});

test('its environment has its card, its threads and the level of the log', (t) => {
  const settings = testSettings(tempDir(t));
  const env = modelEnv(settings, 'detector', { ...detectorOf(settings), device: 'cpu', threads: 3 });
  assert.equal(env['CUDA_VISIBLE_DEVICES'], '');
  assert.equal(env['OMP_NUM_THREADS'], '3');
  assert.equal(env['FACEPOOL_LOG_LEVEL'], settings.log.level);
});
