import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SWAP_STEPS } from '../../../src/contract/rollout.ts';
import { newsOf, stepsOf } from '../../../src/dashboard/public/versions/swap-steps.js';
import { changeWords, stepWord, swapSentence, whoWords } from '../../../src/dashboard/public/versions/words.js';
import { SWAP, VERSIONS } from '../../http/support/changes.ts';

const at = SWAP.started;
const running = { ...SWAP, steps: [...SWAP.steps, { step: 'load' as const, at, ms: null, detail: '' }] };

it('shows each step as it is, and where it broke', () => {
  assert.deepEqual(
    stepsOf(running).map(({ state }) => state),
    ['done', 'running'],
  );
  const steps = running.steps.map((step) => ({ ...step, ms: 5 }));
  assert.deepEqual(
    stepsOf({ ...running, steps, state: 'failed' }).map(({ state }) => state),
    ['done', 'failed'],
  );
});

it('has words for every step', () => {
  for (const step of SWAP_STEPS) assert.notEqual(stepWord(step), step);
});

it('tells what is new, once', () => {
  assert.equal(newsOf(null, running), 'detector: yunet-2 is being proven; yunet-n answers. Loads …');
  assert.equal(newsOf(running, running), '');
  const warm = { step: 'warm' as const, at, ms: null, detail: '' };
  const next = { ...running, steps: [...running.steps.map((step) => ({ ...step, ms: step.ms ?? 120 })), warm] };
  assert.equal(newsOf(running, next), 'Loads, 120 ms; Warms up …');
  assert.equal(newsOf(next, { ...next, state: 'done', ended: at }), 'detector: yunet-2 is stable.');
  assert.equal(newsOf(null, { ...next, state: 'failed', ended: at }), '', 'what was before the page is no news');
});

it('says why it went back, and who did', () => {
  const back = { ...SWAP, state: 'rolled_back' as const };
  assert.equal(
    swapSentence({ ...back, reason: 'by socket' }),
    'yunet-2 was taken back by the command line. yunet-n serves.',
  );
  assert.equal(
    swapSentence({ ...back, reason: 'its p99 is 3 times' }),
    'yunet-2 was taken back: its p99 is 3 times. yunet-n serves.',
  );
  assert.match(
    swapSentence({ ...SWAP, state: 'failed', reason: 'no golden' }),
    /refused: no golden. yunet-n still serves/,
  );
  assert.deepEqual(['facepool', 'settings', 'key:a1'].map(whoWords), ['facepool itself', 'the settings', 'key a1']);
  const [entry] = VERSIONS.history;
  assert.ok(entry !== undefined);
  assert.equal(`${whoWords(entry.by)} ${changeWords(entry)}`, 'key anna ended the trial; yunet-n gets all traffic');
});
