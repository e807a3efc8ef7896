/** Query parameters of the admin routes: strict, as everywhere. */
import { FacepoolError } from '../contract/errors.ts';

export type Query = Readonly<Record<string, unknown>>;

/** Throws `unknown_option` for a name outside `known`. */
export function refuseUnknown(query: Query, known: readonly string[]): void {
  for (const name of Object.keys(query)) {
    if (known.includes(name)) continue;
    const list = known.length === 0 ? 'this route takes none' : `known here: ${known.join(', ')}`;
    throw new FacepoolError('unknown_option', `unknown option "${name}"; ${list}`, { param: name });
  }
}

/** `true`, `false`, `1`, `0`; anything else is `invalid_argument`. */
export function readBoolean(query: Query, name: string, fallback: boolean): boolean {
  const value = query[name];
  if (value === undefined) return fallback;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new FacepoolError('invalid_argument', `${name} must be true or false`, { param: name });
}

export function readCount(query: Query, name: string, fallback: number, max: number): number {
  const value = query[name];
  if (value === undefined) return fallback;
  const count = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (count <= max) return count;
  throw new FacepoolError('invalid_argument', `${name} must be a whole number from 0 to ${max}`, { param: name });
}
