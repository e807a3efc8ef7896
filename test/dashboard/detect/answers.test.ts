/** Verdicts, sentences and steps: what the tab "Detect" says about an answer. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { steps } from '../../../src/dashboard/public/detect/steps.js';
import { describe, modelsLine } from '../../../src/dashboard/public/detect/summary.js';
import { verdict } from '../../../src/dashboard/public/detect/verdict.js';
import { twoFaces } from '../support/server.ts';

const answer = twoFaces('01REQUEST');
const [live, spoof] = answer.faces;
if (live === undefined || spoof === undefined) throw new Error('two faces');

it('judges a face in words, so that its colour is not all', () => {
  assert.deepEqual(verdict(live), { tone: 'good', words: ['live'] });
  assert.deepEqual(verdict(spoof), { tone: 'error', words: ['spoof'] });
  const { box, det_score } = live;
  assert.deepEqual(verdict({ box, det_score }), { tone: 'plain', words: [] });
  const ood = { score: 0.1, threshold: 0.5, accepted: false, raw: 0.1, raw_direction: 'higher_is_better' } as const;
  assert.deepEqual(verdict({ ...live, ood }), { tone: 'error', words: ['live', 'OOD'] });
  const quality = { score: 0.2, usable: false, reasons: ['low_quality'] };
  assert.deepEqual(verdict({ ...live, quality }), { tone: 'warning', words: ['live', 'low quality'] });
});

it('sums up an answer', () => {
  assert.equal(describe(answer), '2 faces found in 29 ms. 1 live, 1 spoof.');
  assert.equal(describe({ ...answer, faces: [], timings_ms: { total: 4.44 } }), 'No face found in 4.4 ms.');
  assert.match(describe({ ...answer, truncated: true }), /There are more; the largest are shown\.$/);
  assert.equal(modelsLine(answer), 'detector yunet-n (cpu) · request 01REQUEST');
});

it('lists the steps as they happen, and those it does not know last', () => {
  assert.deepEqual(steps({ total: 9, zoom: 1, embed: 3, queue: 0, decode: 2 }), [
    { name: 'Waiting', ms: 0 },
    { name: 'Decoding', ms: 2 },
    { name: 'Recognition', ms: 3 },
    { name: 'Zoom', ms: 1 },
  ]);
});
