import assert from 'node:assert/strict';
import { it } from 'node:test';
import { grants, isScope, SCOPES } from '../../src/auth/scopes.ts';

it('admin has every scope, and no other has one besides itself', () => {
  for (const held of SCOPES) {
    for (const needed of SCOPES) assert.equal(grants([held], needed), held === needed || held === 'admin');
  }
  assert.equal(grants([], 'infer'), false);
  assert.equal(grants(['people:read', 'infer'], 'infer'), true);
});

it('knows its words', () => {
  assert.ok(SCOPES.every(isScope));
  for (const word of ['', 'Infer', 'people', 'people:*', 'root']) assert.equal(isScope(word), false);
});
