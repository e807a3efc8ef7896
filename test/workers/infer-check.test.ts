import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '../../src/contract/manifest.ts';
import type { InferParams, InferPart } from '../../src/contract/protocol.ts';
import { checkBytes, checkInfer, tensorBytes } from '../../workers/infer-check.ts';
import { detectorManifest, livenessManifest, recognizerManifest } from '../fixtures/manifests.ts';

function check(manifest: Manifest, params: InferParams): void {
  checkInfer(params, manifest, new Map(manifest.graphs.map((graph) => [graph.id, graph])));
}
const detector = detectorManifest();
const recognizer = recognizerManifest();
const liveness = livenessManifest();
const area = { width: 640, height: 300, scoreThreshold: 0.5 };

const input = (height: number, width: number): InferPart => ({
  graph: 'yunet',
  shape: [1, height, width, 3],
  count: 1,
});
const crops = (graph: string, batch: number, count: number, size = 8): InferPart => ({
  graph,
  shape: [batch, size, size, 3],
  count,
});

test('what the manifests allow passes', () => {
  check(detector, { ticket: 1, parts: [input(320, 640)], detect: area });
  check(detector, { ticket: 1, parts: [input(32, 32)], detect: { width: 1, height: 1, scoreThreshold: 0 } });
  check(recognizer, { ticket: 2, parts: [crops('embedding', 4, 3), crops('quality', 4, 3)] });
  check(recognizer, { ticket: 2, parts: [crops('quality', 3, 3)] });
  check(liveness, { ticket: 3, parts: [crops('main', 1, 1), crops('logits', 1, 1)] });
});

/** A part as another process could send it. */
const wild = (part: unknown): InferPart => part as InferPart;

test('each refusal is invalid_argument and names its field', () => {
  const cases: [string, Manifest, InferParams, string][] = [
    ['no ticket', recognizer, { ticket: Number.NaN, parts: [crops('embedding', 1, 1)] }, 'ticket'],
    ['ticket 0 is the hello', recognizer, { ticket: 0, parts: [crops('embedding', 1, 1)] }, 'ticket'],
    ['no parts', recognizer, { ticket: 1, parts: [] }, 'parts'],
    ['unknown graph', recognizer, { ticket: 1, parts: [crops('other', 1, 1)] }, 'graph'],
    ['graph twice', recognizer, { ticket: 1, parts: [crops('embedding', 1, 1), crops('embedding', 1, 1)] }, 'graph'],
    ['batch too large', recognizer, { ticket: 1, parts: [crops('embedding', 5, 1)] }, 'shape'],
    ['other crop size', recognizer, { ticket: 1, parts: [crops('embedding', 1, 1, 9)] }, 'shape'],
    ['no shape', recognizer, { ticket: 1, parts: [wild({ graph: 'embedding', count: 1 })] }, 'shape'],
    ['3 dims', recognizer, { ticket: 1, parts: [wild({ graph: 'embedding', shape: [8, 8, 3], count: 1 })] }, 'shape'],
    ['fraction', recognizer, { ticket: 1, parts: [{ ...crops('embedding', 1, 1), shape: [1, 8.5, 8, 3] }] }, 'shape'],
    [
      'four channels',
      recognizer,
      { ticket: 1, parts: [{ ...crops('embedding', 1, 1), shape: [1, 8, 8, 4] }] },
      'shape',
    ],
    ['count 0', recognizer, { ticket: 1, parts: [crops('embedding', 1, 0)] }, 'count'],
    ['count above batch', recognizer, { ticket: 1, parts: [crops('embedding', 4, 5)] }, 'count'],
    ['unlike counts', recognizer, { ticket: 1, parts: [crops('embedding', 4, 3), crops('quality', 4, 2)] }, 'count'],
    ['opinion alone', liveness, { ticket: 1, parts: [crops('logits', 1, 1)] }, 'parts'],
    [
      'two pictures',
      detector,
      { ticket: 1, parts: [{ ...input(32, 32), shape: [2, 32, 32, 3] }], detect: area },
      'shape',
    ],
    ['not a multiple', detector, { ticket: 1, parts: [input(640, 650)], detect: area }, 'shape'],
    ['too large', detector, { ticket: 1, parts: [input(640, 672)], detect: area }, 'shape'],
    ['no area', detector, { ticket: 1, parts: [input(320, 640)] }, 'detect'],
    ['area too high', detector, { ticket: 1, parts: [input(288, 640)], detect: area }, 'detect'],
    ['area 0', detector, { ticket: 1, parts: [input(320, 640)], detect: { ...area, width: 0 } }, 'detect'],
    [
      'threshold',
      detector,
      { ticket: 1, parts: [input(320, 640)], detect: { ...area, scoreThreshold: 1.5 } },
      'detect',
    ],
  ];
  for (const [name, manifest, params, param] of cases) {
    assert.throws(() => check(manifest, params), { code: 'invalid_argument', param }, name);
  }
});

test('bytes must be what the shapes say', () => {
  const parts = [crops('embedding', 2, 1), crops('quality', 1, 1)];
  assert.equal(tensorBytes([2, 8, 8, 3]), 384);
  checkBytes(parts, [new Uint8Array(384), new Uint8Array(192)]);
  for (const tensors of [[new Uint8Array(384)], [new Uint8Array(383), new Uint8Array(192)], []]) {
    assert.throws(() => checkBytes(parts, tensors), { code: 'invalid_argument', param: 'shape' });
  }
});
