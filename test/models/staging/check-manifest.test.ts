import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { ModelRole } from '../../../src/contract/manifest.ts';
import { checkManifest, checkVersionName, filesOf } from '../../../src/models/staging/check-manifest.ts';
import { detectorManifest, livenessManifest, recognizerManifest } from '../../fixtures/manifests.ts';

type Loose = {
  [key: string]: unknown;
  name: string;
  version: string;
  role: ModelRole;
  licence: { file: string; parts?: unknown };
  golden: { file: string; min_cosine: number };
  graphs: (Record<string, unknown> & { id: string; use: string; file: string; bytes: number; batches: number[] })[];
  detector: { fit: number; multiple_of: number; warm_shapes: number[][] };
};

function check(manifest: object, spoil: (manifest: Loose) => void = () => {}): void {
  const loose = structuredClone(manifest) as Loose;
  const { name, version, role } = loose;
  spoil(loose);
  checkManifest(JSON.stringify(loose), { model: name, version, role });
}

const refused = (manifest: object, spoil: (manifest: Loose) => void, message: RegExp): void =>
  assert.throws(
    () => check(manifest, spoil),
    (error: unknown) => {
      assert.ok(error instanceof FacepoolError);
      assert.deepEqual([error.code, error.param], ['invalid_argument', 'manifest']);
      assert.match(error.message, message);
      return true;
    },
  );

const first = (m: Loose) => m.graphs[0] ?? assert.fail();

test('sound manifests of every role pass', () => {
  for (const manifest of [detectorManifest(), recognizerManifest(), livenessManifest()]) check(manifest);
});

test('names of versions', () => {
  for (const good of ['v2', '2026.11.21', 'yunet-n_2', 'a'.repeat(64)]) checkVersionName(good);
  for (const bad of ['', '.', '..', '.hidden', 'V2', 'a/b', 'a b', 'a\n', 'a'.repeat(65), 'x\u0000']) {
    assert.throws(() => checkVersionName(bad), { code: 'invalid_argument', param: 'version' }, JSON.stringify(bad));
  }
});

test('a long name is cut in the message', () => {
  assert.throws(
    () => checkVersionName('A'.repeat(10_000)),
    ({ message }: Error) => message.length < 300,
  );
});

describe('of the right model', () => {
  test('another role', () => {
    const wanted = { model: 'recognizer', version: 'test-1', role: 'detector' } as const;
    const message = 'the manifest is of a recognizer; the versions of recognizer are of the role detector';
    assert.throws(() => checkManifest(JSON.stringify(recognizerManifest()), wanted), {
      code: 'invalid_argument',
      message,
    });
  });
  test('another name', () =>
    refused(detectorManifest(), (m) => (m.name = 'other'), /other\/test-1; it is registered as detector\/test-1/));
  test('another version', () => refused(detectorManifest(), (m) => (m.version = 'x'), /detector\/x/));
});

describe('graphs of a role', () => {
  test('none that does the work', () =>
    refused(recognizerManifest(), (m) => m.graphs.splice(0, 1), /one graph for embedding, not 0/));
  test('two that do', () =>
    refused(recognizerManifest(), (m) => (m.graphs[1] = { ...first(m), id: 'b' }), /embedding, not 2/));
  test('two scores of quality', () => {
    refused(
      recognizerManifest(),
      (m) => m.graphs.push({ ...(m.graphs[1] ?? first(m)), id: 'b' }),
      /at most one graph for quality/,
    );
  });
  test('one of another role', () =>
    refused(livenessManifest(), (m) => (first(m).use = 'embedding'), /for embedding, which a liveness/));
  test('too many', () => {
    refused(
      livenessManifest(),
      (m) => m.graphs.push(...Array.from({ length: 20 }, (_, i) => ({ ...first(m), id: `g${i}` }))),
      /16 is the most/,
    );
  });
});

describe('file names', () => {
  const file = (name: string) => (m: Loose) => void (first(m).file = name);
  test('of a graph', () => refused(detectorManifest(), file('yunet.bin'), /end in \.onnx/));
  test('that climb', () => refused(detectorManifest(), file('../yunet.onnx'), /bare file name/));
  test('that are long', () => refused(detectorManifest(), file(`${'a'.repeat(130)}.onnx`), /more than 128/));
  test('of our own files', () => {
    for (const name of ['manifest.yaml', 'registered.json']) {
      refused(detectorManifest(), (m) => (m.licence.file = name), new RegExp(`may be called ${name}`));
    }
  });
  test('for two things', () =>
    refused(detectorManifest(), (m) => (m.licence.file = m.golden.file), /golden\.json is named for two/));
  test('for two contents', () => {
    refused(
      recognizerManifest(),
      (m) => {
        for (const graph of m.graphs) graph.file = 'one.onnx';
        first(m).bytes += 1;
      },
      /two sizes or sha256/,
    );
  });
  test('of two graphs in one file are fine', () => {
    check(recognizerManifest(), (m) => {
      for (const graph of m.graphs) graph.file = 'one.onnx';
    });
  });
});

describe('sizes', () => {
  test('a file that ONNX cannot have', () => refused(detectorManifest(), (m) => (first(m).bytes = 2 ** 31), /2 GB/));
  test('a crop that is no face', () => refused(recognizerManifest(9000), () => {}, /largest input of "embedding"/));
  test('a batch for a crowd of crowds', () =>
    refused(recognizerManifest(100), (m) => (first(m).batches = [1, 10_000]), /largest input/));
  test('hundreds of batch sizes', () =>
    refused(recognizerManifest(), (m) => (first(m).batches = Array.from({ length: 17 }, () => 1)), /17 batch sizes/));
  test('a margin that takes in the whole picture, for every face', () =>
    refused(
      livenessManifest(),
      (m) => (first(m)['crop'] = { kind: 'box', size: 80, margin: 9, border: 'inside' }),
      /margin/,
    ));
  test('a division by nothing', () =>
    refused(
      detectorManifest(),
      (m) => (first(m)['input'] = { name: 'i', color: 'bgr', mean: [0, 0, 0], std: [1, 0, 1] }),
      /std.*0/,
    ));
  test('pictures that are too large', () =>
    refused(detectorManifest(), (m) => (m.detector.fit = 100_000), /4096 is the most/));
  test('a warm shape that never comes', () => {
    refused(detectorManifest(), (m) => m.detector.warm_shapes.push([650, 640]), /650 × 640 never comes/);
    refused(detectorManifest(), (m) => m.detector.warm_shapes.push([640, 1280]), /up to 640/);
  });
  test('hundreds of warm shapes', () =>
    refused(
      detectorManifest(),
      (m) => (m.detector.warm_shapes = Array.from({ length: 33 }, () => [32, 32])),
      /32 is the most/,
    ));
  test('a probe that proves nothing', () =>
    refused(detectorManifest(), (m) => (m.golden.min_cosine = 0), /prove nothing/));
});

test('the files of a version', () => {
  const manifest = livenessManifest();
  const { weights, licences, golden } = filesOf({
    ...manifest,
    licence: { ...manifest.licence, parts: [{ graphs: ['main'], spdx: 'MIT', file: 'MIT.txt', attribution: 'x' }] },
  });
  assert.deepEqual([...weights.keys()], ['main.onnx', 'probabilities.onnx', 'logits.onnx']);
  assert.deepEqual([...licences], ['LICENSE', 'MIT.txt']);
  assert.equal(golden, 'golden.json');
});
