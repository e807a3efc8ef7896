/** Files that are their owner's only: written whole or not at all, and never to a name that another process sees half. */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';

type Owner = { readonly uid: number; readonly gid: number };

/**
 * What root makes in the folder of another user belongs to that user: a server that runs as one must be able to use
 * what an administrator's command left in its folder. Null where there is nothing to change.
 */
function ownerOf(folder: string): Owner | null {
  if (userInfo().uid !== 0) return null;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? null : { uid, gid };
}

/** Makes the folder (0700 where it is new; what is there stays as it is). */
export function makePrivateDir(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  chmodSync(folder, 0o700);
  const owner = ownerOf(path.dirname(made));
  if (owner === null) return;
  for (let at = path.resolve(folder); at.length >= path.resolve(made).length; at = path.dirname(at)) {
    chownSync(at, owner.uid, owner.gid);
  }
}

/**
 * Opens a file, which is made with mode 0600.
 * @returns the descriptor, to be closed by the caller
 */
export function openPrivate(file: string, flags: 'a' | 'wx'): number {
  const descriptor = openSync(file, flags, 0o600);
  const owner = ownerOf(path.dirname(file));
  if (owner !== null) fchownSync(descriptor, owner.uid, owner.gid);
  return descriptor;
}

/** Replaces the file in one step, through a new file beside it; the text is on the disk before the name is. */
export function replacePrivate(file: string, text: string): void {
  const fresh = `${file}.${randomUUID()}.tmp`;
  try {
    const descriptor = openPrivate(fresh, 'wx');
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
