/** Takes the files of an upload: to disk while they are hashed, never more bytes than are expected, never another name. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { FacepoolError } from '../../contract/errors.ts';
import { asStorageError } from '../../contract/storage-errors.ts';
import type { Settings } from '../../contract/settings.ts';
import { orAbort } from '../../util/abort.ts';
import type { VersionFiles } from './check-manifest.ts';
import { invalid, quoted } from './refuse.ts';
import { openServerFile } from './server-file.ts';

/** One file, called as the manifest calls it: weights, licence texts, golden tensors. */
export type UploadFile = { readonly name: string } & (
  | { readonly stream: AsyncIterable<Uint8Array> }
  /** On the server already, in `store.mirrors` or `<data_dir>/incoming`. */
  | { readonly path: string; readonly sha256?: string | undefined }
);

/** A list is checked whole before the first byte is taken; what comes one after the other, as it comes. */
export type UploadFiles = readonly UploadFile[] | AsyncIterable<UploadFile>;

export type ReceiveOptions = {
  readonly settings: Settings;
  readonly expected: VersionFiles;
  /** Where a file goes. */
  readonly target: (name: string) => string;
  readonly signal?: AbortSignal | undefined;
};

const MOST_LICENCE_BYTES = 1024 * 1024;
/** The outputs of a detector for a picture of 640 × 640 are 700 KB. */
const MOST_GOLDEN_BYTES = 2 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const BARE_NAME = /^\w[\w.-]*$/;

/**
 * @returns true when golden tensors were among them
 * @throws FacepoolError `invalid_argument`, `payload_too_large`, `storage_full`, or the signal's reason
 */
export async function receiveFiles(files: UploadFiles, options: ReceiveOptions): Promise<boolean> {
  const { expected } = options;
  if (Array.isArray(files)) {
    const names = new Set<string>();
    for (const { name } of files) checkName(name, expected, names);
    checkComplete(names, expected);
  }
  const names = new Set<string>();
  for await (const file of files) {
    options.signal?.throwIfAborted();
    checkName(file.name, expected, names);
    await receiveFile(file, options);
  }
  checkComplete(names, expected);
  return names.has(expected.golden);
}

function checkName(name: string, expected: VersionFiles, seen: Set<string>): void {
  if (!BARE_NAME.test(name)) throw invalid('files', `${quoted(name)}: files are named without folders`);
  const isExpected = expected.weights.has(name) || expected.licences.has(name) || expected.golden === name;
  if (!isExpected) throw invalid('files', `the manifest names no file ${quoted(name)}`);
  if (seen.has(name)) throw invalid('files', `${name} is there twice`);
  seen.add(name);
}

function checkComplete(names: ReadonlySet<string>, expected: VersionFiles): void {
  const licence = [...expected.licences].find((name) => !names.has(name));
  if (licence !== undefined) throw invalid(licence, `the licence text ${licence} is missing`);
  const weight = [...expected.weights.keys()].find((name) => !names.has(name));
  if (weight !== undefined) throw invalid(weight, `the file ${weight} is missing`);
}

async function receiveFile(file: UploadFile, options: ReceiveOptions): Promise<void> {
  const { settings, expected, target, signal } = options;
  const { name } = file;
  const weight = expected.weights.get(name);
  const most = weight?.bytes ?? (name === expected.golden ? MOST_GOLDEN_BYTES : MOST_LICENCE_BYTES);
  const source = 'stream' in file ? null : await openServerFile(settings, file.path, name);
  const stream =
    'stream' in file ? file.stream : source?.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false });
  try {
    const taken = await write(stream ?? [], name, target(name), most, signal);
    if (!('stream' in file) && file.sha256 !== undefined && file.sha256 !== taken.sha256) {
      throw invalid(name, `${name}: the file on the server has the sha256 ${taken.sha256}, not ${quoted(file.sha256)}`);
    }
    if (weight !== undefined) checkWeight(name, weight, taken);
    else if (taken.bytes === 0) throw invalid(name, `${name} is empty`);
  } finally {
    await source?.close();
  }
}

type Taken = { readonly bytes: number; readonly sha256: string };

function checkWeight(name: string, expected: Taken, taken: Taken): void {
  if (taken.bytes !== expected.bytes) {
    throw invalid(name, `${name} has ${taken.bytes} bytes; the manifest says ${expected.bytes}`);
  }
  if (taken.sha256 !== expected.sha256) {
    throw invalid(name, `${name} has the sha256 ${taken.sha256}; the manifest says ${expected.sha256}`);
  }
}

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

async function write(source: Source, name: string, path: string, most: number, signal?: AbortSignal): Promise<Taken> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await create(path);
  try {
    for await (const chunk of abortable(source, name, signal)) {
      bytes += chunk.byteLength;
      if (bytes > most) {
        throw new FacepoolError('payload_too_large', `${name} has more than ${most} bytes`, { param: name });
      }
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } catch (error) {
    throw asStorageError(error);
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    throw asStorageError(error);
  }
}

/** The chunks until the signal aborts, also while a client sends nothing. What breaks the stream is the client's fault. */
async function* abortable(source: Source, name: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await orAbort(Promise.resolve(iterator.next()), signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw error instanceof FacepoolError ? error : invalid(name, `${name} broke off on its way`, error);
      });
      if (next.done === true) {
        isOver = true;
        return;
      }
      yield next.value;
    }
  } finally {
    // Not waited for: a generator that waits for its next chunk would never answer.
    if (!isOver) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
