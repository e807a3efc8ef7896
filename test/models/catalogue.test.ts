import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadCatalogue, neededGraphs } from '../../src/models/catalogue.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));

test('one broken manifest does not hide the others', async (t) => {
  const dir = tempDir(t);
  cpSync(join(MODELS, 'detector'), join(dir, 'detector'), { recursive: true });
  mkdirSync(join(dir, 'recognizer', 'mine'), { recursive: true });
  mkdirSync(join(dir, 'recognizer', 'empty'));
  mkdirSync(join(dir, '.git', 'objects'), { recursive: true });
  writeFileSync(join(dir, 'recognizer', 'mine', 'manifest.yaml'), 'schema: 2');
  writeFileSync(join(dir, 'README.md'), 'not a model');
  const { entries, problems } = await loadCatalogue(dir);
  assert.deepEqual(
    entries.map((e) => [e.name, e.version, e.dir]),
    [['detector', 'yunet-n', join(dir, 'detector', 'yunet-n')]],
  );
  assert.deepEqual(
    problems.map((p) => `${p.name}/${p.version}`),
    ['recognizer/mine'],
  );
  assert.match(problems[0]?.error.message ?? '', /^recognizer\/mine\/manifest\.yaml:1: /);
});

test('a directory that is not there is a wrong setting', async () => {
  await assert.rejects(loadCatalogue('/nowhere/models'), { code: 'invalid_argument', param: 'store.models_dir' });
});

test('second opinions are only for those who ask', async () => {
  const { entries } = await loadCatalogue(MODELS);
  const liveness = entries.find((e) => e.name === 'liveness')?.manifest;
  assert.ok(liveness !== undefined);
  const ids = (opinions: boolean): string[] => neededGraphs(liveness, opinions).map((g) => g.id);
  assert.deepEqual(ids(false), ['facenox']);
  assert.deepEqual(ids(true), ['facenox', 'minifasnet-v2', 'minifasnet-v1se']);
});
