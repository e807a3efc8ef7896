import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { InspectResult } from '../../../src/contract/importer.ts';
import { manifestSchema } from '../../../src/contract/manifest.ts';
import type { Manifest } from '../../../src/contract/manifest.ts';
import { loadCatalogue } from '../../../src/models/catalogue.ts';
import { loadGolden } from '../../../src/models/golden.ts';
import { GraphSchema } from '../../../workers/onnx/descriptor.ts';
import { inspectVersion } from '../../../workers/onnx/inspect.ts';
import { SHARED_MODELS, skipWithoutModels } from '../../fixtures/shared.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { encode, mainGraph, node, tensor, valueInfo } from '../../fixtures/onnx.ts';
import { EMBEDDING_FILE, graphEntry, meanGraph, tinyUpload } from '../../fixtures/uploads.ts';
import type { Upload } from '../../fixtures/uploads.ts';

function inspect(t: TestContext, upload: Upload): Promise<InspectResult> {
  const dir = tempDir(t);
  const manifest: Manifest = manifestSchema.parse(upload.manifest);
  for (const [name, bytes] of upload.files) writeFileSync(join(dir, name), bytes);
  const sources = manifest.graphs.map(({ id, file }) => [id, join(dir, file)] as const);
  return inspectVersion({ manifest, sources: Object.fromEntries(sources) });
}

test('sound files are described, and what they say for seeded pictures is recorded', async (t) => {
  const { graphs, golden } = await inspect(t, tinyUpload());
  assert.deepEqual(graphs, [
    { graph: 'embedding', irVersion: 7, opset: 13, nodes: 1, parameters: 0 },
    { graph: 'quality', irVersion: 7, opset: 13, nodes: 1, parameters: 0 },
  ]);
  const { embedding, quality } = golden.graphs;
  assert.deepEqual(embedding?.shape, [1, 8, 8, 3]);
  assert.deepEqual(embedding.outputs['out']?.dims, [1, 3]);
  const means = Buffer.from(embedding.outputs['out'].data, 'base64');
  const average = (means.readFloatLE(0) + means.readFloatLE(4) + means.readFloatLE(8)) / 3;
  assert.ok(average > 90 && average < 165, `${average} is no mean of random bytes`);
  assert.notEqual(quality?.seed, embedding.seed);
});

describe('what the runs show', () => {
  test('an embedding of another length', async (t) => {
    const upload = tinyUpload();
    Object.assign(upload.manifest['recognizer'] as object, { dim: 4 });
    await assert.rejects(inspect(t, upload), { code: 'model_failed', message: /"out" is 1×3, not N×4/ });
  });

  test('a batch that is not kept apart: only the large run sees it', async (t) => {
    const upload = tinyUpload();
    // The mean over the batch as well: [3] for one and for four.
    upload.files.set(EMBEDDING_FILE, encode(meanGraph([0, 2, 3])));
    await assert.rejects(inspect(t, upload), { code: 'model_failed', message: /"out" is 3, not N×3/ });
  });

  test('an output that nobody reads, and that is huge', async (t) => {
    const upload = tinyUpload();
    const model = meanGraph([2, 3]);
    const graph = mainGraph(model);
    graph.initializer.push(tensor({ name: 'shape', dims: [1n], dataType: 7, int64Data: [2_000_000n] }));
    graph.node.push(node({ opType: 'ConstantOfShape', input: ['shape'], output: ['sea'] }));
    graph.output.push(...create(GraphSchema, { output: [valueInfo('sea', [2_000_000])] }).output);
    upload.files.set(EMBEDDING_FILE, encode(model));
    graphEntry(upload, 0)['outputs'] = ['out', 'sea'];
    await assert.rejects(inspect(t, upload), { code: 'model_failed', message: /too much to be kept/ });
  });

  test('a family that does not exist, or is of another role', async (t) => {
    for (const [family, message] of [
      ['resnet', /unknown decoder family "resnet"/],
      ['yunet', /is for a detector, not recognizer/],
    ] as const) {
      const upload = tinyUpload();
      upload.manifest['family'] = family;
      await assert.rejects(inspect(t, upload), { code: 'model_failed', message });
    }
  });
});

test('an error names its file and no path', async (t) => {
  const upload = tinyUpload();
  upload.files.set(EMBEDDING_FILE, Buffer.from('nonsense'));
  const expected = {
    code: 'model_failed',
    param: EMBEDDING_FILE,
    message: 'embedding.onnx: the file is not an ONNX model',
  };
  await assert.rejects(inspect(t, upload), expected);
  await assert.rejects(inspectVersion({ manifest: manifestSchema.parse(upload.manifest), sources: {} }), {
    message: 'the file of graph "embedding" is not there',
  });
});

describe('the real models', { skip: skipWithoutModels }, async () => {
  const { entries } = await loadCatalogue(fileURLToPath(new URL('../../../models', import.meta.url)));
  for (const { name, dir, manifest } of entries) {
    test(`${name}: sound, and what is recorded is what ships`, async () => {
      const sources = manifest.graphs.map(({ id, file }) => [id, join(SHARED_MODELS, 'default', file)] as const);
      const { graphs, golden } = await inspectVersion({ manifest, sources: Object.fromEntries(sources) });
      assert.deepEqual(
        graphs.map(({ graph }) => graph),
        manifest.graphs.map(({ id }) => id),
      );
      const shipped = await loadGolden(dir, manifest);
      for (const { id, outputs } of manifest.graphs) {
        assert.deepEqual(golden.graphs[id]?.shape, shipped.graphs[id]?.shape);
        for (const output of outputs) {
          const [a, b] = [golden, shipped].map((g) => floats(g.graphs[id]?.outputs[output]?.data));
          assert.equal(a?.length, b?.length);
          const apart = Math.max(...(a ?? []).map((value, i) => Math.abs(value - (b?.[i] ?? Number.NaN))));
          assert.ok(apart < 1e-2, `${id} ${output}: ${apart}`);
        }
      }
    });
  }
});

function floats(base64 = ''): number[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}
