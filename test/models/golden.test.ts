import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Golden } from '../../src/contract/manifest.ts';
import { goldenProblem, loadGolden } from '../../src/models/golden.ts';
import { livenessManifest } from '../fixtures/manifests.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const manifest = livenessManifest();

/** Zeros that fit the manifest. */
function golden(): Golden {
  const graphs: Golden['graphs'] = {};
  for (const graph of manifest.graphs) {
    const size = graph.crop?.size ?? 32;
    const data = Buffer.alloc(2 * 4).toString('base64');
    const outputs = Object.fromEntries(graph.outputs.map((name) => [name, { dims: [1, 2], data }]));
    graphs[graph.id] = { seed: 1, shape: [1, size, size, 3], outputs };
  }
  return { schema: 1, made_with: 'a test', graphs };
}

function changed(change: (entry: Golden['graphs'][string]) => void): Golden {
  const copy = golden();
  const [first] = Object.values(copy.graphs);
  assert.ok(first !== undefined);
  change(first);
  return copy;
}

test('golden tensors that fit are read', async (t) => {
  const dir = tempDir(t);
  writeFileSync(join(dir, 'golden.json'), JSON.stringify(golden()));
  assert.deepEqual(await loadGolden(dir, manifest), golden());
});

describe('golden tensors that do not fit are refused', () => {
  test('a graph without any', () => {
    assert.match(goldenProblem({ ...golden(), graphs: {} }, manifest.graphs) ?? '', /no golden tensors/);
  });
  test('an output without any', () => {
    const none = changed((entry) => {
      entry.outputs = {};
    });
    assert.match(goldenProblem(none, manifest.graphs) ?? '', /is not there/);
  });
  test('fewer values than the dimensions say', () => {
    const short = changed((entry) => {
      for (const output of Object.values(entry.outputs)) output.dims = [1, 3];
    });
    assert.match(goldenProblem(short, manifest.graphs) ?? '', /has not 12 bytes/);
  });
  test('a picture that is no crop of the graph', () => {
    const other = changed((entry) => {
      entry.shape = [1, 7, 7, 3];
    });
    assert.match(goldenProblem(other, manifest.graphs) ?? '', /is 7 × 7/);
  });
  for (const [name, text] of [
    ['no JSON', '{'],
    ['another schema', '{"schema": 2}'],
  ] as const) {
    test(name, async (t) => {
      const dir = tempDir(t);
      writeFileSync(join(dir, 'golden.json'), text);
      await assert.rejects(loadGolden(dir, manifest), { code: 'model_failed', message: /golden\.json/ });
    });
  }
  test('none at all', async (t) => {
    await assert.rejects(loadGolden(tempDir(t), manifest), { code: 'model_failed', message: /cannot be read/ });
  });
});
