import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readKeys } from '../../src/auth/key-file.ts';
import { createKey, keyState, revokeKey } from '../../src/auth/keys.ts';
import { hashToken, idOfToken } from '../../src/auth/token.ts';
import { looseKey, makeKey, NEW_KEY } from '../fixtures/auth/keys.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const NOW = new Date('2026-06-01T12:00:00.000Z');

it('makes a key that is stored with all it was made with, beside those before', (t) => {
  const dataDir = tempDir(t);
  const first = makeKey(dataDir);
  const wanted = {
    name: 'the door',
    scopes: ['infer', 'people:read'],
    expiresAt: new Date('2026-07-01T12:00:00.000Z'),
    ratePerMinute: 60,
    burst: 5,
  } as const;
  const { key, token } = createKey(dataDir, wanted, NOW);
  assert.deepEqual(key, {
    id: idOfToken(token),
    name: 'the door',
    sha256: hashToken(token),
    scopes: ['infer', 'people:read'],
    created_at: '2026-06-01T12:00:00.000Z',
    expires_at: '2026-07-01T12:00:00.000Z',
    revoked_at: null,
    rate_limit_per_minute: 60,
    burst: 5,
  });
  assert.deepEqual(readKeys(dataDir), [first.key, key]);
});

it('makes no key that is expired already', (t) => {
  const dataDir = tempDir(t);
  assert.throws(() => createKey(dataDir, { ...NEW_KEY, expiresAt: NOW }, NOW), { code: 'invalid_argument' });
  assert.deepEqual(readKeys(dataDir), []);
});

it('revokes by id and by the whole key, once', (t) => {
  const dataDir = tempDir(t);
  const [a, b] = [makeKey(dataDir), makeKey(dataDir)];
  const revoked = { ...a.key, revoked_at: NOW.toISOString() };
  assert.deepEqual(revokeKey(dataDir, a.key.id, NOW), { key: revoked, before: false });
  assert.deepEqual(revokeKey(dataDir, a.key.id, new Date()), { key: revoked, before: true });
  assert.deepEqual(readKeys(dataDir), [revoked, b.key]);
  assert.equal(revokeKey(dataDir, b.token, NOW).key.id, b.key.id);
});

it('cannot revoke what does not exist, and does not repeat what it was given', (t) => {
  const dataDir = tempDir(t);
  makeKey(dataDir);
  const { token } = looseKey();
  for (const which of ['nobody', '', token]) {
    assert.throws(
      () => revokeKey(dataDir, which, NOW),
      (error) => {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'not_found');
        assert.ok(which === '' || !error.message.includes(which));
        return true;
      },
    );
  }
});

it('a key is active until the moment it expires, or is revoked', () => {
  const at = (fields: Parameters<typeof looseKey>[0]) => keyState(looseKey(fields).key, NOW);
  assert.equal(at({}), 'active');
  assert.equal(at({ expires_at: '2026-06-01T12:00:00.001Z' }), 'active');
  assert.equal(at({ expires_at: '2026-06-01T12:00:00.000Z' }), 'expired');
  assert.equal(at({ revoked_at: '2026-05-01T12:00:00.000Z', expires_at: '2026-05-02T12:00:00.000Z' }), 'revoked');
});
