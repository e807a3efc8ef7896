import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readCredentials } from '../../src/http/credentials.ts';

it('reads a key from either header, and from both where they agree', () => {
  assert.equal(readCredentials({}), null);
  assert.equal(readCredentials({ authorization: 'Bearer fp_a_b' }), 'fp_a_b');
  assert.equal(readCredentials({ authorization: 'bearer   fp_a_b ' }), 'fp_a_b');
  assert.equal(readCredentials({ 'x-api-key': ' fp_a_b ' }), 'fp_a_b');
  assert.equal(readCredentials({ authorization: 'Bearer fp_a_b', 'x-api-key': 'fp_a_b' }), 'fp_a_b');
  assert.equal(readCredentials({ 'x-api-key': '' }), null);
  assert.equal(readCredentials({ authorization: 'Bearer' }), null);
  assert.equal(readCredentials({ authorization: 'Bearer a b' }), null);
});

it('leaves passwords of a proxy alone', () => {
  assert.equal(readCredentials({ authorization: 'Basic YTpi' }), null);
  assert.equal(readCredentials({ authorization: 'Basic YTpi', 'x-api-key': 'fp_a_b' }), 'fp_a_b');
});

it('refuses two keys that differ', () => {
  assert.throws(() => readCredentials({ authorization: 'Bearer a', 'x-api-key': 'b' }), { code: 'unauthorized' });
});
