import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCatalogue, stagedModelsDir } from '../../../src/models/catalogue.ts';
import type { PreparedModel } from '../../../src/models/resolve.ts';
import { stageVersion } from '../../../src/models/staging/stage-version.ts';
import { findVersion, listVersions } from '../../../src/models/versions.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { realTools, requestOf, stagingSettings, tinyUpload } from '../../fixtures/uploads.ts';

test('a version is checked, proven and registered; the default stays', async (t) => {
  const settings = stagingSettings(tempDir(t));
  let proven: PreparedModel | null = null;
  const tools = realTools(t, {
    prove: async (prepared) => {
      proven = prepared;
      for (const path of Object.values(prepared.graphPaths)) assert.ok(existsSync(path));
      assert.equal(await findVersion(settings, 'recognizer', 'mine-1'), null);
    },
    now: () => new Date('2026-03-04T05:06:07Z'),
  });
  const registered = await stageVersion(settings, requestOf(tinyUpload()), tools);
  assert.ok(proven !== null);

  assert.equal(registered.source, 'staged');
  assert.equal(registered.dir, join(settings.data_dir, 'models/recognizer/mine-1'));
  assert.equal(registered.manifest.version, 'mine-1');
  assert.partialDeepStrictEqual(registered.registration, {
    at: '2026-03-04T05:06:07.000Z',
    by: 'tester',
    golden: 'made',
    graphs: [{ graph: 'embedding', opset: 13, nodes: 1 }, { graph: 'quality' }],
  });
  const names = ['check', 'receive', 'inspect', 'import', 'prove', 'register'];
  assert.deepEqual(
    tools.steps,
    names.flatMap((name) => [name, `${name} done`]),
  );

  const versions = await listVersions(settings, 'recognizer');
  assert.deepEqual(
    versions.map((v) => [v.version, v.source]),
    [
      ['mine-1', 'staged'],
      ['omz-0095', 'bundled'],
    ],
  );
  const { entries } = await loadCatalogue(settings.store.models_dir, stagedModelsDir(settings));
  assert.ok(entries.some((e) => e.name === 'recognizer' && e.version === 'mine-1'));
  assert.equal(settings.models['recognizer']?.version, 'omz-0095');

  // Nothing but the owner reads it, and nothing is left over.
  assert.equal(statSync(registered.dir).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(registered.dir).sort(), ['LICENSE', 'golden.json', 'manifest.yaml', 'registered.json']);
  assert.deepEqual(readdirSync(join(settings.data_dir, 'staging')), []);
  assert.equal(readdirSync(join(settings.data_dir, 'weights')).length, 2);
  assert.equal(readdirSync(join(settings.data_dir, 'imported')).length, 2);
});
