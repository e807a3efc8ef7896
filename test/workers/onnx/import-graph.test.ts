import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Golden } from '../../../src/contract/manifest.ts';
import { loadCatalogue } from '../../../src/models/catalogue.ts';
import { loadGolden } from '../../../src/models/golden.ts';
import { seededBytes } from '../../../src/util/seeded.ts';
import { importGraph } from '../../../workers/onnx/import-graph.ts';
import { openSession } from '../../../workers/session.ts';
import { encode, mainGraph, tinyModel, tinySpec } from '../../fixtures/onnx.ts';
import { SHARED_MODELS, skipWithoutModels } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

/** Largest difference from the recorded outputs, relative to the largest recorded value of each output. */
async function driftFrom(golden: Golden['graphs'][string], path: string, input: string): Promise<number> {
  const session = await openSession(path, { threads: 1 });
  try {
    const data = seededBytes(
      golden.seed,
      golden.shape.reduce((a, b) => a * b),
    );
    const outputs = await session.run({ [input]: { type: 'uint8', data, dims: golden.shape } });
    let drift = 0;
    for (const [name, expected] of Object.entries(golden.outputs)) {
      const actual = outputs[name];
      assert.deepEqual(actual?.dims, expected.dims, name);
      const bytes = Buffer.from(expected.data, 'base64');
      const reference = actual.data.map((_, i) => bytes.readFloatLE(i * 4));
      const largest = reference.reduce((a, b) => Math.max(a, Math.abs(b)), Number.MIN_VALUE);
      for (const [i, value] of actual.data.entries()) {
        drift = Math.max(drift, Math.abs(value - (reference[i] ?? Number.NaN)) / largest);
      }
    }
    return drift;
  } finally {
    await session.release();
  }
}

const { entries } = await loadCatalogue(fileURLToPath(new URL('../../../models/', import.meta.url)));

describe('the real graphs are imported and give their golden outputs', { skip: skipWithoutModels }, () => {
  for (const { dir, manifest } of entries) {
    for (const graph of manifest.graphs) {
      test(`${manifest.name}/${manifest.version}: ${graph.id}`, async (t) => {
        const target = join(tempDir(t), 'imported.onnx');
        const source = join(SHARED_MODELS, 'default', graph.file);
        const result = await importGraph({ source, target, graph });
        assert.equal(result.verified, true);
        assert.ok(result.maxAbsDiff <= 1e-4, `${result.maxAbsDiff}`);
        const golden = (await loadGolden(dir, manifest)).graphs[graph.id];
        assert.ok(golden !== undefined);
        // Other CPUs order their sums differently; a wrong colour order or scale is far outside.
        const drift = await driftFrom(golden, target, graph.input.name);
        assert.ok(drift < 1e-3, `${drift}`);
      });
    }
  }
});

test('a graph is imported, and nothing but the target is left', async (t) => {
  const dir = tempDir(t);
  const source = join(dir, 'tiny.onnx');
  writeFileSync(source, encode(tinyModel()));
  const target = join(dir, 'imported.onnx');
  const results = await Promise.all([1, 2].map(() => importGraph({ source, target, graph: tinySpec() })));
  assert.deepEqual(results[0], results[1]);
  assert.deepEqual(readdirSync(dir).sort(), ['imported.onnx', 'tiny.onnx']);
});

test('a graph that is refused leaves nothing', async (t) => {
  const dir = tempDir(t);
  const source = join(dir, 'tiny.onnx');
  const model = tinyModel();
  // Only the runtime notices that the graph has no output.
  mainGraph(model).output.splice(0, 1);
  writeFileSync(source, encode(model));
  const target = join(dir, 'imported.onnx');
  await assert.rejects(importGraph({ source, target, graph: tinySpec() }), { code: 'model_failed' });
  assert.deepEqual(readdirSync(dir), ['tiny.onnx']);
});
