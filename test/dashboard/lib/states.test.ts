import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SEVERITIES } from '../../../src/contract/history.ts';
import { WORKER_STATES } from '../../../src/contract/lifecycle.ts';
import { lookOf, severityLook, stateOf } from '../../../src/dashboard/public/lib/states.js';

it('has a word and a sign of its own for every state', () => {
  const looks = WORKER_STATES.map(lookOf);
  assert.equal(new Set(looks.map(({ word }) => word)).size, WORKER_STATES.length);
  assert.equal(new Set(looks.map(({ sign }) => sign)).size, WORKER_STATES.length);
  assert.ok(looks.every(({ meaning }) => meaning !== ''));
});

it('shows a state that it does not know by its own name', () => {
  assert.deepEqual(lookOf('dreaming'), { word: 'dreaming', sign: '·', tone: 'plain', meaning: '' });
});

it('tells a model that is not loaded from one that was stopped', () => {
  assert.equal(stateOf({ state: 'stopped', supervisord_state: 'EXITED' }), 'unloaded');
  assert.equal(stateOf({ state: 'stopped', supervisord_state: 'STOPPED' }), 'stopped');
  assert.equal(stateOf({ state: 'ready', supervisord_state: 'RUNNING' }), 'ready');
});

it('tells severities by word and sign, not by colour alone', () => {
  const looks = SEVERITIES.map(severityLook);
  assert.equal(new Set(looks.map(({ sign }) => sign)).size, SEVERITIES.length);
});
