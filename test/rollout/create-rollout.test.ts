/** Which versions a server starts with. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { PROJECT_DIR } from '../../src/config/paths.ts';
import { aliasOf, openAliases, withStableVersions } from '../../src/rollout/create-rollout.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

/** A data directory in which the detector has a second version, v2. */
function withV2(t: TestContext) {
  const dataDir = tempDir(t);
  const defaults = testSettings(dataDir);
  const settings = { ...defaults, store: { ...defaults.store, models_dir: path.join(PROJECT_DIR, 'models') } };
  const folder = path.join(dataDir, 'models', 'detector', 'v2');
  mkdirSync(path.dirname(folder), { recursive: true });
  cpSync(path.join(PROJECT_DIR, 'models/detector/yunet-n'), folder, { recursive: true });
  const manifest = path.join(folder, 'manifest.yaml');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('version: yunet-n', 'version: v2'));
  const log = createLogger({ level: 'silent' }, { name: 'test' });
  const errors: string[] = [];
  const aliases = openAliases(settings, new ManualClock(), log);
  const onError = (model: string, error: unknown): void => void errors.push(`${model}: ${String(error)}`);
  const start = () => withStableVersions(settings, aliases, onError);
  /** A server that starts later, with settings that name this version of the detector. */
  const restart = async (version: string) => {
    const detector = settings.models['detector'];
    assert.ok(detector !== undefined);
    const next = { ...settings, models: { ...settings.models, detector: { ...detector, version } } };
    const later = openAliases(next, new ManualClock(), log);
    return { aliases: later, ...(await withStableVersions(next, later, onError)) };
  };
  return { settings, aliases, folder, errors, start, restart };
}

test('at first what the settings say, with the manifest of each', async (t) => {
  const { start, errors } = withV2(t);
  const { settings, manifests } = await start();
  assert.deepEqual(
    [...manifests].map(([name, { version }]) => [name, version]),
    [
      ['detector', 'yunet-n'],
      ['recognizer', 'omz-0095'],
      ['liveness', 'facenox-98.20'],
    ],
  );
  assert.equal(settings.models['detector']?.version, 'yunet-n');
  assert.deepEqual(errors, []);
});

test('what was made stable is, also from the folder of registered versions', async (t) => {
  const { start, aliases } = withV2(t);
  aliases.move('detector', { action: 'promote', version: 'v2' }, 'anna', '');
  const { settings, manifests } = await start();
  assert.deepEqual([settings.models['detector']?.version, manifests.get('detector')?.version], ['v2', 'v2']);
  assert.equal(aliasOf(aliases, 'detector', 'v2'), 'stable');
  assert.equal(aliasOf(aliases, 'detector', 'yunet-n'), null);
});

test('a stable version that is gone gives way to the one of the settings, and that is told', async (t) => {
  const { start, aliases, folder, errors } = withV2(t);
  aliases.move('detector', { action: 'promote', version: 'v2' }, 'anna', '');
  rmSync(folder, { recursive: true });
  const { settings } = await start();
  assert.equal(settings.models['detector']?.version, 'yunet-n');
  assert.equal(aliases.state('detector').stable, 'yunet-n');
  assert.match(errors.join(), /detector: .*v2/);
});

test('it gives way also where that cannot be written: the server starts', async (t) => {
  const { settings, start, aliases, folder, errors } = withV2(t);
  aliases.move('detector', { action: 'promote', version: 'v2' }, 'anna', '');
  rmSync(folder, { recursive: true });
  const file = path.join(settings.data_dir, 'aliases.json');
  // Nothing can take its place.
  rmSync(file);
  mkdirSync(path.join(file, 'full'), { recursive: true });
  const { settings: found } = await start();
  assert.equal(found.models['detector']?.version, 'yunet-n');
  assert.equal(aliases.state('detector').stable, 'yunet-n');
  assert.match(errors.join(), /detector: .*v2/);
});

test('settings that name another version have a way back from their first change on, which holds', async (t) => {
  const { start, restart, errors } = withV2(t);
  await start();
  const { aliases, settings } = await restart('v2');
  assert.equal(settings.models['detector']?.version, 'v2');
  assert.deepEqual([aliases.state('detector').stable, aliases.state('detector').previous], ['v2', 'yunet-n']);
  aliases.move('detector', { action: 'rollback' }, 'anna', '');
  const again = await restart('v2');
  assert.equal(again.settings.models['detector']?.version, 'yunet-n');
  assert.equal(again.aliases.state('detector').generation, 2);
  assert.deepEqual(errors, []);
});

test('a version that is misspelt in the settings is no version before', async (t) => {
  const { start, restart, errors } = withV2(t);
  await start();
  const misspelt = await restart('v22');
  assert.equal(misspelt.manifests.has('detector'), false);
  assert.equal(misspelt.manifests.has('recognizer'), true);
  assert.match(errors.join(), /^detector: .*v22/);
  const { aliases } = await restart('v2');
  assert.deepEqual([aliases.state('detector').stable, aliases.state('detector').previous], ['v2', 'yunet-n']);
});

test('aliases by name', (t) => {
  const { aliases } = withV2(t);
  aliases.move('detector', { action: 'canary', version: 'v2', percent: 5 }, 'anna', '');
  assert.equal(aliasOf(aliases, 'detector', 'v2'), 'canary');
  aliases.move('detector', { action: 'clear' }, 'anna', '');
  aliases.move('detector', { action: 'shadow', version: 'v2', percent: 5 }, 'anna', '');
  assert.equal(aliasOf(aliases, 'detector', 'v2'), 'shadow');
});
