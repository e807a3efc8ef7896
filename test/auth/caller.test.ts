import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { it } from 'node:test';
import { callerName, callerOf, setCaller } from '../../src/auth/caller.ts';

it('is known only of requests that were checked', () => {
  const [a, b] = [new IncomingMessage(new Socket()), new IncomingMessage(new Socket())];
  setCaller(a, { kind: 'key', id: 'abc' });
  assert.deepEqual(callerOf(a), { kind: 'key', id: 'abc' });
  assert.equal(callerOf(b), undefined);
});

it('has a name for the audit log', () => {
  assert.equal(callerName({ kind: 'key', id: 'abc' }), 'key:abc');
  assert.equal(callerName({ kind: 'socket' }), 'socket');
  assert.equal(callerName({ kind: 'anyone' }), 'anyone');
  assert.equal(callerName(undefined), 'unknown');
});
