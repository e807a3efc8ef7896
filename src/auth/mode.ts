/** Whether requests need a key, and whether a server may start like that. */
import type { Settings } from '../contract/settings.ts';
import { isLoopback } from './address.ts';
import type { ApiKey } from './key-file.ts';
import { keyState } from './keys.ts';

type AuthSettings = Pick<Settings, 'auth' | 'http' | 'data_dir'>;

export function keysNeeded({ auth, http }: Pick<Settings, 'auth' | 'http'>): boolean {
  return auth.mode === 'required' || (auth.mode === 'auto' && !isLoopback(http.host));
}

/** Why the server must not start: keys are needed and none was ever made, so nobody could ask it anything. Else null. */
export function startFault(settings: AuthSettings, keys: readonly ApiKey[]): string | null {
  if (!keysNeeded(settings) || keys.length > 0) return null;
  const { auth, http, data_dir } = settings;
  const why =
    auth.mode === 'required'
      ? 'auth.mode is required'
      : `http.host is ${http.host}, which other machines may reach, so requests need an API key`;
  return (
    `${why}, and there is none yet; make one with: facepool keys create --data-dir ${data_dir} --name <who> ` +
    '--scope infer (or, if everyone who reaches the port may use it, set auth.mode to disabled)'
  );
}

/** What the administrator should know about a server that does start. */
export function startWarnings(settings: AuthSettings, keys: readonly ApiKey[], now: Date): string[] {
  const { auth, http } = settings;
  const active = keys.filter((key) => keyState(key, now) === 'active');
  const warnings: string[] = [];
  if (auth.mode === 'disabled' && !isLoopback(http.host)) {
    warnings.push(`auth.mode is disabled: everyone who reaches ${http.host}:${http.port} may use it`);
  }
  if (keysNeeded(settings) && active.length === 0) warnings.push('every API key is expired or revoked');
  return warnings;
}
