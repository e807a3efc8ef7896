/** The manifests that ship: consistent in themselves and with the real files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { settingsSchema } from '../../src/contract/settings.ts';
import { loadCatalogue } from '../../src/models/catalogue.ts';
import { sha256File } from '../../src/models/digest.ts';
import { loadGolden } from '../../src/models/golden.ts';
import { openSession } from '../../workers/session.ts';
import { SHARED_MODELS, skipWithoutModels } from '../fixtures/shared.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { entries, problems } = await loadCatalogue(join(ROOT, 'models'));

test('every manifest is valid, and the default settings name versions that exist', () => {
  assert.deepEqual(problems, []);
  const settings = settingsSchema.parse(parse(readFileSync(join(ROOT, 'config/default.yaml'), 'utf8')));
  const known = entries.map((e) => `${e.name}/${e.version}`);
  for (const [name, { version }] of Object.entries(settings.models))
    assert.ok(known.includes(`${name}/${version}`), name);
});

for (const { dir, manifest } of entries) {
  describe(`${manifest.name}/${manifest.version}`, () => {
    test('its decoder exists', async () => {
      assert.ok((await stat(join(ROOT, 'workers/decoders', `${manifest.family}.ts`))).isFile());
    });

    test('every graph has a licence whose text is there', () => {
      const { licence, graphs } = manifest;
      const files = new Set([licence.file, ...(licence.parts ?? []).map((p) => p.file)]);
      for (const file of files) assert.match(readFileSync(join(dir, file), 'utf8'), /Apache License|MIT License/);
      if (licence.parts !== undefined) {
        const covered = licence.parts.flatMap((p) => p.graphs).sort();
        assert.deepEqual(covered, graphs.map((g) => g.id).sort());
        for (const part of licence.parts) assert.ok(licence.spdx.includes(part.spdx));
      }
      assert.equal(licence.commercial, true, 'the default pack is free for every use');
    });

    test('its golden tensors fit', async () => {
      assert.deepEqual(
        Object.keys((await loadGolden(dir, manifest)).graphs),
        manifest.graphs.map((g) => g.id),
      );
    });

    test('crops have a template for each of their landmarks, inside the crop', () => {
      for (const { crop, batches } of manifest.graphs) {
        assert.deepEqual(
          batches,
          [...batches].sort((a, b) => a - b),
        );
        if (crop?.kind !== 'aligned') continue;
        assert.equal(crop.template.length, crop.landmarks === 'five' ? 5 : 3);
        assert.ok(crop.template.flat().every((v) => v > 0 && v < 1));
      }
    });

    test('addresses are pinned to a commit', () => {
      for (const url of manifest.graphs.flatMap((g) => g.urls)) assert.match(url, /^https:\/\/.*\/[0-9a-f]{40}\//);
    });

    for (const graph of manifest.graphs) {
      test(`${graph.id}: the real file is the one described`, { skip: skipWithoutModels }, async () => {
        const path = join(SHARED_MODELS, 'default', graph.file);
        assert.equal((await stat(path)).size, graph.bytes);
        assert.equal(await sha256File(path), graph.sha256);
        const session = await openSession(path, { threads: 1 });
        try {
          assert.deepEqual(session.inputNames, [graph.input.name]);
          for (const name of graph.outputs) assert.ok(session.outputNames.includes(name), name);
          const [, , height, width] = session.inputs[0]?.shape ?? [];
          if (graph.crop !== undefined) assert.deepEqual([height, width], [graph.crop.size, graph.crop.size]);
        } finally {
          await session.release();
        }
      });
    }

    if (manifest.role === 'detector') {
      test('its warm shapes are shapes that it gets', () => {
        const { warm_shapes, multiple_of, fit } = manifest.detector;
        for (const side of warm_shapes.flat()) assert.ok(side % multiple_of === 0 && side <= fit, `${side}`);
      });
    }

    if (manifest.role === 'recognizer') {
      test('its numbers agree with each other', async () => {
        const { dim, thresholds, similarity, quality } = manifest.recognizer;
        const embedding = manifest.graphs.find((g) => g.use === 'embedding');
        assert.ok(embedding !== undefined);
        const golden = (await loadGolden(dir, manifest)).graphs[embedding.id];
        assert.deepEqual(golden?.outputs[embedding.outputs[0] ?? '']?.dims, [1, dim]);
        const cosines = Object.keys(thresholds)
          .sort((a, b) => Number(b) - Number(a))
          .map((far) => thresholds[far] ?? 0);
        assert.deepEqual(
          cosines,
          [...cosines].sort((a, b) => a - b),
          'a rarer false accept needs a higher cosine',
        );
        const similar = (cosine: number): number =>
          (Math.tanh((similarity.c0 - Math.sqrt(2 - 2 * cosine)) * similarity.c1) + 1) / 2;
        assert.ok(Math.abs(similar(thresholds['1e-4'] ?? 0) - 0.5) < 1e-6);
        assert.ok(Math.abs(similar(0.7512) - 0.97) < 0.005);
        assert.ok(quality.accepted <= quality.usable);
      });
    }
  });
}
