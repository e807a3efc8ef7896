import assert from 'node:assert/strict';
import test from 'node:test';
import { newState } from '../../src/scheduler/state.ts';
import { model, POLICY } from './support.ts';

const cpu = { name: 'cpu', budgetBytes: null, headroomBytes: 0 };

test('at the start nothing is loaded and every tenant holds what it holds', () => {
  const tenants = [{ name: 'llm', device: 'cpu', holdsBytes: 1, reacquire: false }];
  const state = newState({ models: [model('a', 1)], devices: [cpu], tenants, policy: POLICY });
  const a = state.models.get('a');
  assert.deepEqual([a?.phase, a?.down, a?.waiting.length, a?.active.size], ['unloaded', null, 0, 0]);
  assert.equal(state.tenants.get('llm')?.state, 'holding');
  assert.equal(state.devices.get('cpu')?.totalBytes, null, 'not measured yet');
});

test('a model or a tenant on a device that is not there is refused by name', () => {
  const elsewhere = model('a', 1, { device: 'cuda:0' });
  assert.throws(
    () => newState({ models: [elsewhere], devices: [cpu], tenants: [], policy: POLICY }),
    /a: no device cuda:0/,
  );
});
