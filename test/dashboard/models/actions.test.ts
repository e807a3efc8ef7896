import assert from 'node:assert/strict';
import { it } from 'node:test';
import { actionsFor } from '../../../src/dashboard/public/models/actions.js';

const onDemand = { kind: 'model', residency: 'on_demand' } as const;
const resident = { kind: 'model', residency: 'resident' } as const;
const imaging = { kind: 'imaging', residency: null } as const;

it('offers what leads somewhere from a state', () => {
  assert.deepEqual(actionsFor({ ...onDemand, state: 'ready' }), ['unload', 'restart', 'stop']);
  assert.deepEqual(actionsFor({ ...onDemand, state: 'unloaded' }), ['load', 'stop']);
  assert.deepEqual(actionsFor({ ...onDemand, state: 'stopped' }), ['start']);
  assert.deepEqual(actionsFor({ ...resident, state: 'ready' }), ['restart', 'stop']);
  assert.deepEqual(actionsFor({ ...resident, state: 'stopped' }), ['start']);
  assert.deepEqual(actionsFor({ ...resident, state: 'failed' }), ['start']);
  assert.deepEqual(actionsFor({ ...onDemand, state: 'missing' }), ['start']);
});

it('never takes away what everything needs', () => {
  assert.deepEqual(actionsFor({ ...imaging, state: 'ready' }), ['restart']);
  assert.deepEqual(actionsFor({ ...imaging, state: 'stopped' }), ['start']);
});
