import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { it } from 'node:test';
import { hasHash, hashToken, idOfToken, newKeyId, newToken } from '../../src/auth/token.ts';

it('a key has its id, 256 random bits and a checksum, all letters and digits', () => {
  const ids = new Set<string>();
  const tokens = new Set<string>();
  for (let i = 0; i < 200; i += 1) {
    const id = newKeyId();
    const token = newToken(id);
    assert.match(token, /^fp_[2-9a-z]{8}_[0-9A-Za-z]{49}$/);
    assert.equal(idOfToken(token), id);
    ids.add(id);
    tokens.add(token);
  }
  assert.equal(ids.size, 200);
  assert.equal(tokens.size, 200);
  assert.ok(62 ** 43 >= 2 ** 256);
});

it('tells a key that was cut or mistyped', () => {
  const token = newToken(newKeyId());
  for (let length = 0; length < token.length; length += 1) assert.equal(idOfToken(token.slice(0, length)), null);
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === '5' ? '6' : '5';
    assert.equal(idOfToken(token.slice(0, at) + other + token.slice(at + 1)), null, `changed at ${at}`);
  }
  for (const text of ['', 'x', ` ${token}`, `${token}\n`, `${token}x`, token.toUpperCase(), 'fp__']) {
    assert.equal(idOfToken(text), null, JSON.stringify(text));
  }
});

it('only the hash of the very key is its hash', () => {
  const token = newToken(newKeyId());
  const hash = hashToken(token);
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(hasHash(token, hash), true);
  assert.equal(hasHash(newToken(newKeyId()), hash), false);
  assert.equal(hasHash(token, hashToken('')), false);
  assert.equal(hasHash(token, undefined), false);
});

it('compares in constant time, an unknown id too', (t) => {
  const compare = t.mock.method(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const token = newToken(newKeyId());
  hasHash(token, hashToken(token));
  hasHash(token, hashToken('other'));
  hasHash(token, undefined);
  assert.equal(compare.mock.callCount(), 3);
  for (const { arguments: given } of compare.mock.calls) {
    assert.deepEqual(
      given.map((bytes) => bytes.byteLength),
      [32, 32],
    );
  }
});
