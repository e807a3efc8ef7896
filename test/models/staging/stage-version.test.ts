import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { goldenSchema } from '../../../src/contract/manifest.ts';
import type { Golden } from '../../../src/contract/manifest.ts';
import type { ProbeResult } from '../../../src/contract/protocol.ts';
import { loadCatalogue, stagedModelsDir } from '../../../src/models/catalogue.ts';
import { prepareModel } from '../../../src/models/resolve.ts';
import type { PreparedModel } from '../../../src/models/resolve.ts';
import { filesOf } from '../../../src/models/staging/check-manifest.ts';
import type { UploadFile } from '../../../src/models/staging/receive.ts';
import { stageVersion } from '../../../src/models/staging/stage-version.ts';
import type { StageTools } from '../../../src/models/staging/stage-version.ts';
import { findVersion, listVersions, openVersion } from '../../../src/models/versions.ts';
import { forkWorker } from '../../fixtures/forked-worker.ts';
import { SHARED_MODELS, skipWithoutModels } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import {
  assertNothingLeft,
  realTools,
  requestOf,
  stagingSettings,
  tinyUpload,
  trickle,
} from '../../fixtures/uploads.ts';

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

test('a registered version is prepared like any other', async (t) => {
  const settings = stagingSettings(tempDir(t));
  const tools = realTools(t);
  await stageVersion(settings, requestOf(tinyUpload()), tools);
  const chosen = settings.models['recognizer'];
  assert.ok(chosen !== undefined);
  const models = { ...settings.models, recognizer: { ...chosen, version: 'mine-1' } };
  const prepared = await prepareModel({ ...settings, models }, 'recognizer', {
    runImporter: () => Promise.reject(new Error('it was imported already')),
  });
  assert.deepEqual(prepared.missing, []);
  assert.deepEqual(Object.keys(prepared.graphPaths), ['embedding', 'quality']);
  assert.deepEqual(Object.keys(prepared.golden.graphs), ['embedding', 'quality']);
});

describe('golden tensors that are uploaded', () => {
  const made = async (t: TestContext): Promise<Golden> => {
    const settings = stagingSettings(tempDir(t));
    const { dir } = await stageVersion(settings, requestOf(tinyUpload()), realTools(t));
    return goldenSchema.parse(JSON.parse(readFileSync(join(dir, 'golden.json'), 'utf8')));
  };

  test('are the ones that the version is proven with', async (t) => {
    const golden = await made(t);
    const upload = tinyUpload();
    upload.files.set('golden.json', Buffer.from(JSON.stringify({ ...golden, made_with: 'another machine' })));
    const settings = stagingSettings(tempDir(t));
    let provenWith = '';
    const prove: StageTools['prove'] = async (prepared) => void (provenWith = prepared.golden.made_with);
    const { registration } = await stageVersion(settings, requestOf(upload), realTools(t, { prove }));
    assert.equal(provenWith, 'another machine');
    assert.equal(registration?.golden, 'uploaded');
  });

  test('may not ask for a picture that is never sent', async (t) => {
    const golden = await made(t);
    const { embedding } = golden.graphs;
    assert.ok(embedding !== undefined);
    const huge: Golden = {
      ...golden,
      graphs: { ...golden.graphs, embedding: { ...embedding, shape: [4096, 8, 8, 3] } },
    };
    const upload = tinyUpload();
    upload.files.set('golden.json', Buffer.from(JSON.stringify(huge)));
    const settings = stagingSettings(tempDir(t));
    await assert.rejects(stageVersion(settings, requestOf(upload), realTools(t)), {
      code: 'invalid_argument',
      param: 'golden.json',
      message: /4096 × 8 × 8 × 3, which the server never feeds it/,
    });
    assertNothingLeft(settings);
  });
});

describe('real models under another name', { skip: skipWithoutModels }, () => {
  for (const [model, version] of [
    ['detector', 'yunet-n'],
    ['recognizer', 'omz-0095'],
    ['liveness', 'facenox-98.20'],
  ] as const) {
    test(`${version}, from a mirror, proven by a model worker`, async (t) => {
      const mirror = join(SHARED_MODELS, 'default');
      const settings = stagingSettings(tempDir(t), { mirrors: [mirror] });
      const bundled = await openVersion(settings, model, version);
      const text = readFileSync(join(bundled.dir, 'manifest.yaml'), 'utf8');
      const { weights, licences } = filesOf(bundled.manifest);
      const files: UploadFile[] = [
        ...[...licences].map((name) => ({ name, stream: trickle(readFileSync(join(bundled.dir, name))) })),
        ...[...weights].map(([name, { sha256 }]) => ({ name, path: join(mirror, name), sha256 })),
      ];
      const manifest = text.replace(`version: ${version}`, 'version: second');
      const probes: ProbeResult[] = [];
      const prove: StageTools['prove'] = async (prepared) => {
        const worker = forkWorker(t);
        const { golden } = await worker.call('load', { ...prepared, device: 'cpu', threads: 1 });
        probes.push(golden);
        worker.send({ type: 'stop' });
        await worker.exit;
      };
      const request = { model, version: 'second', manifest, files, by: 'tester' };
      const staged = await stageVersion(settings, request, realTools(t, { prove }));
      assert.deepEqual(
        probes.map(({ passed }) => passed),
        [true],
      );
      assert.equal(staged.registration?.graphs.length, bundled.manifest.graphs.length);
      t.diagnostic(`ms: ${JSON.stringify(staged.registration.steps_ms)}`);
    });
  }
});
