/** `<data_dir>/keys.json`: every API key that was ever made, without its secret. */
import { type Stats, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { FacepoolError } from '../contract/errors.ts';
import { withFileLock } from '../util/file-lock.ts';
import { makePrivateDir, replacePrivate } from '../util/private-file.ts';
import { SCOPES } from './scopes.ts';

const VERSION = 1;

const keySchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]{4,32}$/),
  name: z.string().min(1).max(100),
  /** SHA-256 of the whole key, hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)).min(1),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
  /** Of this key alone; null = `auth.rate_limit_per_minute`, 0 = none. */
  rate_limit_per_minute: z.int().nonnegative().nullable(),
  /** null = `auth.burst`. */
  burst: z.int().nonnegative().nullable(),
});
const fileSchema = z.strictObject({ version: z.literal(VERSION), keys: z.array(keySchema) });

export type ApiKey = Readonly<z.infer<typeof keySchema>>;

export function keyFile(dataDir: string): string {
  return path.join(dataDir, 'keys.json');
}

/** Held while keys.json is changed and while the audit log is rotated. */
export function authLockFile(dataDir: string): string {
  return path.join(dataDir, 'auth.lock');
}

/**
 * The keys of a data directory; none where there is no file.
 * @throws FacepoolError `internal` where the file cannot be read, may be written by others, or is not what we write.
 *   Its message is for the administrator and holds the path.
 */
export function readKeys(dataDir: string): readonly ApiKey[] {
  const file = keyFile(dataDir);
  const text = readOwn(file);
  return text === undefined ? [] : parseKeys(text, file);
}

/**
 * Changes keys.json: reads it, asks `change` for the new list, replaces it; nothing else changes it meanwhile. The
 * data directory is made where it is missing.
 * @throws as {@link readKeys}, and what `change` throws; the file is untouched then
 */
export function changeKeys(dataDir: string, change: (keys: readonly ApiKey[]) => readonly ApiKey[]): void {
  try {
    makePrivateDir(dataDir);
    withFileLock(authLockFile(dataDir), () => {
      const before = readKeys(dataDir);
      const after = change(before);
      if (after === before) return;
      replacePrivate(keyFile(dataDir), `${JSON.stringify({ version: VERSION, keys: after }, null, 2)}\n`);
    });
  } catch (error) {
    if (error instanceof FacepoolError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new FacepoolError('internal', `cannot change ${keyFile(dataDir)}: ${why}`, { cause: error });
  }
}

function parseKeys(text: string, file: string): readonly ApiKey[] {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new FacepoolError('internal', `${file} is not JSON; restore it, or make new keys without it`, {
      cause: error,
    });
  }
  const version = typeof found === 'object' && found !== null && 'version' in found ? found.version : undefined;
  if (typeof version === 'number' && version > VERSION) {
    throw new FacepoolError('internal', `${file} was written by a newer facepool (version ${version})`);
  }
  const parsed = fileSchema.safeParse(found);
  if (parsed.success) return parsed.data.keys;
  const issue = parsed.error.issues[0];
  const where = issue === undefined ? '' : ` at ${issue.path.join('.')}: ${issue.message}`;
  throw new FacepoolError('internal', `${file} does not hold API keys${where}`);
}

function readOwn(file: string): string | undefined {
  let stats: Stats | undefined;
  try {
    stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    refuseForeign(file, stats);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof FacepoolError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new FacepoolError('internal', `cannot read ${file}: ${why}`, { cause: error });
  }
}

/** Whoever can write the file can make keys for themselves. */
function refuseForeign(file: string, { mode, uid }: Stats): void {
  if ((mode & 0o022) !== 0) throw new FacepoolError('internal', `others may write ${file}; chmod 600 it`);
  const own = userInfo().uid;
  if (uid !== own && uid !== 0 && own !== 0) throw new FacepoolError('internal', `${file} belongs to another user`);
}
