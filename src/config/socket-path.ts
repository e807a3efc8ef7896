/** Paths of unix sockets: the kernel takes 107 bytes and no more. */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { FacepoolError } from '../contract/errors.ts';

/** `sun_path` is 108 bytes with its closing zero. */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * The path itself, or where it is too long for the kernel a short one that is always the same for it:
 * `<tmp>/facepool-<uid>/<hash>.sock`. Touches no file; `prepareSocketDir` makes the folder.
 */
export function fitSocketPath(path: string): string {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  const name = `${createHash('sha256').update(path).digest('hex').slice(0, 24)}.sock`;
  const folder = `facepool-${userInfo().uid}`;
  const short = join(tmpdir(), folder, name);
  return Buffer.byteLength(short) <= MAX_SOCKET_PATH_BYTES ? short : join('/tmp', folder, name);
}

/**
 * Makes the socket's folder (0700 where it is new). Throws `forbidden` where the folder belongs to another user
 * or where others may write to it: whoever can write there can put their own socket in our place.
 */
export function prepareSocketDir(socketPath: string): void {
  const folder = dirname(socketPath);
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  // umask can only take rights away, so a new folder is 0700 or stricter; be exact.
  if (made !== undefined) chmodSync(folder, 0o700);
  const { uid, mode } = lstatSync(folder);
  const { uid: own } = userInfo();
  if (uid !== own && uid !== 0 && own !== 0)
    throw new FacepoolError('forbidden', `the folder ${folder} of the socket belongs to another user`);
  if ((mode & 0o022) !== 0) {
    throw new FacepoolError('forbidden', `others may write to the folder ${folder} of the socket; chmod 700 it`);
  }
}
