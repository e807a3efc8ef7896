/** From the text of a key to the key, or to the reason why not. */
import { FacepoolError } from '../contract/errors.ts';
import type { Clock } from '../util/clock.ts';
import type { ApiKey } from './key-file.ts';
import type { KeyStore } from './key-store.ts';
import { keyState } from './keys.ts';
import { hasHash, idOfToken } from './token.ts';

/**
 * @throws FacepoolError `unauthorized`: cut or mistyped, unknown (whether id or secret is wrong is not told), expired or
 *   revoked (told only to who has the secret); `internal` where the keys cannot be read
 */
export function authenticate(token: string, keys: Pick<KeyStore, 'find'>, clock: Pick<Clock, 'date'>): ApiKey {
  const id = idOfToken(token);
  if (id === null) throw new FacepoolError('unauthorized', 'The API key is cut or mistyped: its checksum is wrong.');
  const key = keys.find(id);
  if (!hasHash(token, key?.sha256) || key === undefined) {
    throw new FacepoolError('unauthorized', 'The API key is not known here.');
  }
  const state = keyState(key, clock.date());
  if (state !== 'active') throw new FacepoolError('unauthorized', `The API key ${key.id} is ${state}.`);
  return key;
}
