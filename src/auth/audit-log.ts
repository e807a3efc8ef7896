/**
 * `<data_dir>/logs/audit.log`: who administered what, one JSON document per line. The server and the command line both
 * write it, each line with one append, so that lines never mix. It holds names of models and keys, never a picture, a
 * person or a secret.
 */
import { closeSync, fstatSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { withFileLock } from '../util/file-lock.ts';
import { makePrivateDir, openPrivate } from '../util/private-file.ts';
import { authLockFile } from './key-file.ts';

export type AuditEntry = {
  /** `socket`, `key:<id>` or `cli:uid=<n>`. */
  readonly who: string;
  /** `model.restart`, `key.create` … */
  readonly action: string;
  /** Name of the model, id of the key. */
  readonly target: string;
  /** `ok` or the code of the error. */
  readonly result: string;
  /** More about it, e.g. the scopes of a new key. */
  readonly [field: string]: string | number | readonly string[] | null;
};

export type AuditLog = { record(entry: AuditEntry): void };

export type AuditLogOptions = {
  readonly dataDir: string;
  readonly now: () => Date;
  /** The file is rotated at this size; `files` old ones are kept. */
  readonly limits: { readonly maxBytes: number; readonly files: number };
  /** Told when a line could not be written; what it tells of has happened all the same. */
  readonly onError: (error: unknown) => void;
};

export function auditFile(dataDir: string): string {
  return path.join(dataDir, 'logs', 'audit.log');
}

export function createAuditLog({ dataDir, now, limits, onError }: AuditLogOptions): AuditLog {
  const file = auditFile(dataDir);
  return {
    record(entry) {
      try {
        makePrivateDir(path.dirname(file));
        const size = append(file, `${JSON.stringify({ time: now().toISOString(), ...entry })}\n`);
        if (size >= limits.maxBytes) rotate(dataDir, file, limits);
      } catch (error) {
        onError(error);
      }
    },
  };
}

/** @returns the file's size after it */
function append(file: string, line: string): number {
  const descriptor = openPrivate(file, 'a');
  try {
    writeSync(descriptor, line);
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}

function rotate(dataDir: string, file: string, limits: AuditLogOptions['limits']): void {
  withFileLock(authLockFile(dataDir), () => {
    // Another process may have done it while we waited.
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < limits.maxBytes) return;
    rmSync(`${file}.${limits.files}`, { force: true });
    for (let i = limits.files - 1; i >= 1; i -= 1) renameIfThere(`${file}.${i}`, `${file}.${i + 1}`);
    renameIfThere(file, `${file}.1`);
  });
}

function renameIfThere(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to);
}
