import assert from 'node:assert/strict';
import { it } from 'node:test';
import { authenticate } from '../../src/auth/authenticate.ts';
import { newToken } from '../../src/auth/token.ts';
import { looseKey, storeOf } from '../fixtures/auth/keys.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const clock = new ManualClock();

it('knows a key by its text', () => {
  const [a, b] = [looseKey(), looseKey()];
  const store = storeOf([a.key, b.key]);
  assert.equal(authenticate(a.token, store, clock), a.key);
  assert.equal(authenticate(b.token, store, clock), b.key);
});

it('refuses with a reason that tells a stranger nothing', () => {
  const known = looseKey();
  const expired = looseKey({ expires_at: '2026-01-01T00:00:00.000Z' });
  const revoked = looseKey({ revoked_at: '2025-12-01T00:00:00.000Z' });
  const store = storeOf([known.key, expired.key, revoked.key]);
  const table: [token: string, message: RegExp][] = [
    ['', /cut or mistyped/],
    [known.token.slice(0, -1), /cut or mistyped/],
    [looseKey().token, /^The API key is not known here\.$/],
    [newToken(known.key.id), /^The API key is not known here\.$/],
    [newToken(revoked.key.id), /^The API key is not known here\.$/],
    [expired.token, new RegExp(`^The API key ${expired.key.id} is expired\\.$`)],
    [revoked.token, new RegExp(`^The API key ${revoked.key.id} is revoked\\.$`)],
  ];
  for (const [token, message] of table) {
    assert.throws(() => authenticate(token, store, clock), { code: 'unauthorized', message });
  }
});
