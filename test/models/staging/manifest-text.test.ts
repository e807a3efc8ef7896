import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { incomingDir } from '../../../src/models/staging/server-file.ts';
import { readManifestText } from '../../../src/models/staging/manifest-text.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { stagingSettings } from '../../fixtures/uploads.ts';

test('a manifest is a text, or a file on the server', async (t) => {
  const settings = stagingSettings(tempDir(t));
  mkdirSync(incomingDir(settings), { recursive: true });
  writeFileSync(join(incomingDir(settings), 'new.yaml'), 'schema: 1');
  assert.equal(await readManifestText(settings, 'schema: 1'), 'schema: 1');
  assert.equal(await readManifestText(settings, { path: 'new.yaml' }), 'schema: 1');
  await assert.rejects(readManifestText(settings, { path: '/etc/hostname' }), {
    code: 'invalid_argument',
    param: 'manifest',
  });
});

test('neither may be huge, nor have more parts than a manifest has', async (t) => {
  const settings = stagingSettings(tempDir(t));
  mkdirSync(incomingDir(settings), { recursive: true });
  const huge = '#'.repeat(65_537);
  writeFileSync(join(incomingDir(settings), 'huge.yaml'), huge);
  for (const source of [huge, { path: 'huge.yaml' }, '['.repeat(5000), '{a: '.repeat(3000), '\n'.repeat(5000)]) {
    await assert.rejects(readManifestText(settings, source), { code: 'invalid_argument', param: 'manifest' });
  }
});

test('those that ship are far below', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const models = settings.store.models_dir;
  for (const name of readdirSync(models)) {
    for (const version of readdirSync(join(models, name))) {
      const text = readFileSync(join(models, name, version, 'manifest.yaml'), 'utf8');
      assert.equal(await readManifestText(settings, text.repeat(5)), text.repeat(5));
    }
  }
});
