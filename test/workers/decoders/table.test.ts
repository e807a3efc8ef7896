import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoderFor } from '../../../workers/decoders/table.ts';
import { detectorManifest, livenessManifest, recognizerManifest } from '../../fixtures/manifests.ts';

test('every family of the default pack has its decoder', () => {
  for (const manifest of [detectorManifest(), recognizerManifest(), livenessManifest()]) {
    assert.equal(typeof decoderFor(manifest), 'function');
  }
});

test('an unknown family is model_failed and names those that exist', () => {
  for (const family of ['no-such-family', 'constructor', '__proto__']) {
    assert.throws(() => decoderFor({ ...detectorManifest(), family }), {
      code: 'model_failed',
      message: /known: yunet, aligned-embedding, softmax-liveness/,
    });
  }
});
