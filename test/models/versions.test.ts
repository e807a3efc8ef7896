import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { stagedModelsDir } from '../../src/models/catalogue.ts';
import { REGISTRATION_FILE, findVersion, listVersions, openVersion } from '../../src/models/versions.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { stagingSettings, tinyUpload } from '../fixtures/uploads.ts';

const RECORD = {
  schema: 1,
  at: '2026-03-04T05:06:07.000Z',
  by: 'tester',
  golden: 'made',
  graphs: [],
  steps_ms: { check: 1 },
} as const;

/** Beside the bundled one: a good version, and one whose manifest is broken. */
function setUp(t: TestContext): Settings {
  const settings = stagingSettings(tempDir(t));
  const staged = join(stagedModelsDir(settings), 'recognizer');
  for (const version of ['a-good', 'z-broken']) mkdirSync(join(staged, version), { recursive: true });
  writeFileSync(join(staged, 'a-good/manifest.yaml'), JSON.stringify(tinyUpload('a-good').manifest));
  writeFileSync(join(staged, 'a-good', REGISTRATION_FILE), JSON.stringify(RECORD));
  writeFileSync(join(staged, 'z-broken/manifest.yaml'), 'schema: 9');
  return settings;
}

test('the versions of a model, by name, wherever they came from', async (t) => {
  const settings = setUp(t);
  const versions = await listVersions(settings, 'recognizer');
  assert.deepEqual(
    versions.map((v) => [v.version, v.source, v.problem?.code, v.registration]),
    [
      ['a-good', 'staged', undefined, RECORD],
      ['omz-0095', 'bundled', undefined, null],
      ['z-broken', 'staged', 'model_failed', null],
    ],
  );
  assert.deepEqual(await listVersions(settings, 'nobody'), []);
});

test('one of them, or null', async (t) => {
  const settings = setUp(t);
  const found = await findVersion(settings, 'recognizer', 'a-good');
  assert.equal(found?.dir, join(settings.data_dir, 'models/recognizer/a-good'));
  for (const name of ['none', '..', '../recognizer/a-good', '', 'A-GOOD']) {
    assert.equal(await findVersion(settings, 'recognizer', name), null, name);
  }
});

test('what cannot be used is an error for who needs it', async (t) => {
  const settings = setUp(t);
  assert.equal((await openVersion(settings, 'recognizer', 'a-good')).manifest.version, 'a-good');
  await assert.rejects(openVersion(settings, 'recognizer', 'z-broken'), { code: 'model_failed' });
  await assert.rejects(openVersion(settings, 'recognizer', 'none'), (error: unknown) => {
    return error instanceof FacepoolError && error.code === 'model_missing' && error.message.includes('"none"');
  });
});

test('one that an upgrade brings hides the one that was registered under its name', async (t) => {
  const settings = setUp(t);
  const models = settings.store.models_dir;
  cpSync(join(models, 'recognizer/omz-0095'), join(stagedModelsDir(settings), 'recognizer/omz-0095'), {
    recursive: true,
  });
  const same = (await listVersions(settings, 'recognizer')).filter(({ version }) => version === 'omz-0095');
  assert.deepEqual(
    same.map(({ source, problem }) => [source, problem]),
    [['bundled', null]],
  );
});

test('a record that is lost or wrong hides no version', async (t) => {
  const settings = setUp(t);
  writeFileSync(join(stagedModelsDir(settings), 'recognizer/a-good', REGISTRATION_FILE), '{"schema": 7}');
  assert.equal((await findVersion(settings, 'recognizer', 'a-good'))?.registration, null);
});
