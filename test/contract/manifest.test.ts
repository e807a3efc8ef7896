import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { goldenSchema, manifestSchema } from '../../src/contract/manifest.ts';
import { detectorManifest, livenessManifest, recognizerManifest } from '../fixtures/manifests.ts';

const detector = detectorManifest();
const recognizer = recognizerManifest();
const liveness = livenessManifest();

/** `path: message` of every problem. */
function problems(value: unknown): string[] {
  const parsed = manifestSchema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

test('a manifest of every role is valid, and checking it again changes nothing', () => {
  for (const manifest of [detector, recognizer, liveness]) assert.deepEqual(manifestSchema.parse(manifest), manifest);
});

describe('what belongs to another role is refused', () => {
  test('a crop for a detector', () => {
    const [graph] = recognizer.graphs;
    assert.match(problems({ ...detector, graphs: [graph] }).join(), /graphs\.0\.crop: crops are for/);
  });
  test('a recognizer without crops', () => {
    assert.match(problems({ ...recognizer, graphs: detector.graphs }).join(), /graphs\.0\.crop: crops are for/);
  });
  test('the section of another role', () => {
    assert.match(problems({ ...detector, liveness: liveness.liveness }).join(), /liveness/);
  });
  test('an unknown role', () => {
    assert.match(problems({ ...detector, role: 'age' }).join(), /^role: /);
  });
});

describe('graphs and what speaks of them agree', () => {
  test('ids are used once', () => {
    const [graph] = recognizer.graphs;
    assert.deepEqual(problems({ ...recognizer, graphs: [graph, graph] }), [
      'graphs.1.id: the id "embedding" is used twice',
    ]);
  });
  test('every opinion says how it is read', () => {
    const silent = { ...liveness, liveness: { ...liveness.liveness, opinions: {} } };
    assert.equal(problems(silent).filter((p) => /an opinion needs an entry/.test(p)).length, 2);
  });
  test('licence parts name graphs that exist', () => {
    const part = { graphs: ['embedding', 'other'], spdx: 'MIT', file: 'LICENSE', attribution: 'somebody' };
    assert.deepEqual(problems({ ...recognizer, licence: { ...recognizer.licence, parts: [part] } }), [
      'licence.parts.0.graphs: there is no graph "other"',
    ]);
  });
});

test('recognizers need a threshold, and cosines are cosines', () => {
  const withThresholds = (thresholds: Record<string, number>) =>
    problems({ ...recognizer, recognizer: { ...recognizer.recognizer, thresholds } });
  assert.match(withThresholds({}).join(), /at least one false accept rate/);
  assert.match(withThresholds({ '1e-4': 1.5 }).join(), /recognizer\.thresholds\.1e-4/);
});

test('golden pictures have three channels', () => {
  const golden = { schema: 1, made_with: 'a test', graphs: { g: { seed: 1, shape: [1, 8, 8, 3], outputs: {} } } };
  assert.equal(goldenSchema.safeParse(golden).success, true);
  golden.graphs.g.shape = [1, 8, 8, 4];
  assert.equal(goldenSchema.safeParse(golden).success, false);
});
