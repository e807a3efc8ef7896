/** What can be wrong with the history on disk, in words without a path: clients read them. */

export type FaultKind =
  /** No room: on the disk, in a quota, or within a limit on the size of files. */
  | 'full'
  /** No right to write there, or no such place. */
  | 'denied'
  /** It is no history, or a damaged one: it is set aside. */
  | 'damaged'
  /** A later facepool wrote it. */
  | 'newer'
  /** The file that was open is no longer there. */
  | 'gone'
  /** The thread was lost, or does not answer. */
  | 'thread'
  | 'other';

export type Fault = { readonly kind: FaultKind; readonly detail: string };

const WORDS: Readonly<Record<FaultKind, string>> = {
  full: 'there is no room on the disk for history.db',
  denied: 'history.db cannot be written',
  damaged: 'history.db is damaged',
  newer: 'history.db was written by a later version of facepool',
  gone: 'history.db was removed or replaced while the server ran',
  thread: 'the thread that writes history.db was lost',
  other: 'history.db cannot be used',
};

export class StoreError extends Error {
  readonly kind: FaultKind;

  constructor(kind: FaultKind, detail: string = WORDS[kind]) {
    super(detail);
    this.name = 'StoreError';
    this.kind = kind;
  }
}

/** Primary result codes of SQLite. */
const SQLITE: ReadonlyMap<number, FaultKind> = new Map([
  [3, 'denied'],
  [8, 'denied'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'denied'],
  [23, 'denied'],
  [26, 'damaged'],
]);
const SYSTEM: ReadonlyMap<string, FaultKind> = new Map([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EFBIG', 'full'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'denied'],
  ['ENOENT', 'denied'],
  ['ENOTDIR', 'denied'],
  ['EEXIST', 'denied'],
  ['EISDIR', 'denied'],
]);

export function toFault(error: unknown): Fault {
  if (error instanceof StoreError) return { kind: error.kind, detail: error.message };
  if (!(error instanceof Error)) return { kind: 'other', detail: WORDS.other };
  if ('errcode' in error && typeof error.errcode === 'number') {
    // Messages of SQLite name no path. The low byte is the class of the error.
    const kind = SQLITE.get(error.errcode & 0xff) ?? 'other';
    return { kind, detail: `${WORDS[kind]} (SQLite: ${error.message})` };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const kind = SYSTEM.get(code ?? '') ?? 'other';
  return { kind, detail: code === null ? WORDS[kind] : `${WORDS[kind]} (${code})` };
}

/** The thread did not run the task at all. */
export function threadFault(): Fault {
  return { kind: 'thread', detail: WORDS.thread };
}
