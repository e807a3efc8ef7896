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

test('versions that were registered stand beside those that came with the server, and hide none of them', async (t) => {
  const [bundled, staged] = [join(tempDir(t), 'bundled'), join(tempDir(t), 'staged')];
  cpSync(join(MODELS, 'detector'), join(bundled, 'detector'), { recursive: true });
  cpSync(join(MODELS, 'detector'), join(staged, 'detector'), { recursive: true });
  cpSync(join(MODELS, 'recognizer'), join(staged, 'recognizer'), { recursive: true });
  mkdirSync(join(staged, 'detector', 'a-broken-one'));
  writeFileSync(join(staged, 'detector', 'a-broken-one', 'manifest.yaml'), 'schema: 2');
  const { entries, problems } = await loadCatalogue(bundled, staged);
  assert.deepEqual(
    entries.map((e) => [e.name, e.version, e.source]),
    [
      ['detector', 'yunet-n', 'bundled'],
      ['recognizer', 'omz-0095', 'staged'],
    ],
  );
  assert.deepEqual(
    problems.map((p) => [p.version, p.source, p.error.code]),
    [
      ['a-broken-one', 'staged', 'model_failed'],
      ['yunet-n', 'staged', 'conflict'],
    ],
  );
});

test('a folder of registered versions need not be there, and may be the other one', async (t) => {
  for (const staged of [join(tempDir(t), 'none'), MODELS]) {
    const { entries, problems } = await loadCatalogue(MODELS, staged);
    assert.deepEqual([entries.every(({ source }) => source === 'bundled'), problems], [true, []]);
  }
});

test('second opinions are only for those who ask', async () => {
  const { entries } = await loadCatalogue(MODELS);
  const liveness = entries.find((e) => e.name === 'liveness')?.manifest;
  assert.ok(liveness !== undefined);
  const ids = (opinions: boolean): string[] => neededGraphs(liveness, opinions).map((g) => g.id);
  assert.deepEqual(ids(false), ['facenox']);
  assert.deepEqual(ids(true), ['facenox', 'minifasnet-v2', 'minifasnet-v1se']);
});
