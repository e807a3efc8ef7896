import assert from 'node:assert/strict';
import { it } from 'node:test';
import { doableWith } from '../../../src/dashboard/public/versions/doable.js';
import { STAGED, versionRow } from '../../http/support/changes.ts';

it('offers what leads somewhere with a version', () => {
  assert.deepEqual(doableWith(versionRow(), false), []);
  assert.deepEqual(doableWith(STAGED, false), ['choose', 'remove']);
  assert.deepEqual(doableWith(STAGED, true), [], 'one update at a time');
  assert.deepEqual(doableWith({ ...STAGED, problem: 'no graphs' }, false), ['remove']);
  assert.deepEqual(doableWith({ ...STAGED, source: 'bundled' }, false), ['choose']);
  assert.deepEqual(doableWith({ ...STAGED, aliases: ['previous'] }, false), ['back', 'choose', 'remove']);
  assert.deepEqual(doableWith({ ...STAGED, aliases: ['previous'], problem: 'no graphs' }, false), ['remove']);
  assert.deepEqual(doableWith({ ...STAGED, aliases: ['previous'], source: 'bundled' }, false), ['back', 'choose']);
  assert.deepEqual(doableWith({ ...STAGED, aliases: ['canary'] }, false), ['choose']);
});
