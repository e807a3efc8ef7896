/** Making and revoking API keys, for the command line: it works with a server and without one. */
import { FacepoolError } from '../contract/errors.ts';
import { type ApiKey, changeKeys } from './key-file.ts';
import type { Scope } from './scopes.ts';
import { hashToken, idOfToken, newKeyId, newToken } from './token.ts';

export type NewKey = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
  readonly ratePerMinute: number | null;
  readonly burst: number | null;
};

export type KeyState = 'active' | 'expired' | 'revoked';

export function keyState(key: ApiKey, now: Date): KeyState {
  if (key.revoked_at !== null) return 'revoked';
  return key.expires_at !== null && Date.parse(key.expires_at) <= now.getTime() ? 'expired' : 'active';
}

/**
 * Adds a key.
 * @returns the key and its text, which is nowhere else
 * @throws FacepoolError as `changeKeys`; `invalid_argument` for an expiry that is not in the future
 */
export function createKey(dataDir: string, wanted: NewKey, now: Date): { key: ApiKey; token: string } {
  if (wanted.expiresAt !== null && wanted.expiresAt <= now) {
    throw new FacepoolError('invalid_argument', 'the key would be expired already', { param: 'expires' });
  }
  let made: { key: ApiKey; token: string } | undefined;
  changeKeys(dataDir, (keys) => {
    const id = unusedId(keys);
    const token = newToken(id);
    const key: ApiKey = {
      id,
      name: wanted.name,
      sha256: hashToken(token),
      scopes: [...wanted.scopes],
      created_at: now.toISOString(),
      expires_at: wanted.expiresAt?.toISOString() ?? null,
      revoked_at: null,
      rate_limit_per_minute: wanted.ratePerMinute,
      burst: wanted.burst,
    };
    made = { key, token };
    return [...keys, key];
  });
  if (made === undefined) throw new FacepoolError('internal', 'the key was not made');
  return made;
}

/**
 * Revokes a key for good; a running server refuses it from its next request on.
 * @param which its id, or its whole text (which may be what leaked)
 * @returns the key; `before` is true where it was revoked already
 * @throws FacepoolError `not_found`, or as `changeKeys`
 */
export function revokeKey(dataDir: string, which: string, now: Date): { key: ApiKey; before: boolean } {
  const id = idOfToken(which) ?? which;
  let result: { key: ApiKey; before: boolean } | undefined;
  changeKeys(dataDir, (keys) => {
    const found = keys.find((key) => key.id === id);
    if (found === undefined) return keys;
    result = { key: found, before: found.revoked_at !== null };
    if (result.before) return keys;
    const revoked: ApiKey = { ...found, revoked_at: now.toISOString() };
    result = { key: revoked, before: false };
    return keys.map((key) => (key === found ? revoked : key));
  });
  if (result === undefined) {
    throw new FacepoolError('not_found', 'there is no such key; facepool keys list shows the ids', { param: 'id' });
  }
  return result;
}

function unusedId(keys: readonly ApiKey[]): string {
  for (;;) {
    const id = newKeyId();
    if (!keys.some((key) => key.id === id)) return id;
  }
}
