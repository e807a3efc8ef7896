/** The last lines of a log file and what follows them, across rotation (`x.log` → `x.log.1`). */
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const BLOCK_BYTES = 64 * 1024;
const POLL_MS = 200;
const NEWLINE = 10;

export type TailOptions = {
  /** How many of the last lines come first; 0 = none. */
  readonly lines: number;
  /** Goes on with what is written later, until `signal` aborts. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Resolves when the file should be looked at again; rejects or resolves on abort. */
  readonly wait?: (signal: AbortSignal) => Promise<unknown>;
};

/** Yields pieces of the file in order. A file that is not there (yet) is empty. */
export async function* tail(file: string, options: TailOptions): AsyncGenerator<Buffer> {
  const wait = options.wait ?? ((signal) => delay(POLL_MS, undefined, { signal }).catch(() => undefined));
  let handle = await openIfThere(file);
  try {
    let position = handle === undefined ? 0 : await startOfLastLines(handle, options.lines);
    const missing = options.lines - (handle === undefined ? 0 : await countLines(handle, position));
    if (missing > 0) yield* lastLinesOf(`${file}.1`, missing);
    for (;;) {
      if (handle !== undefined) {
        for await (const block of readFrom(handle, position)) {
          position += block.length;
          yield block;
        }
      }
      if (!options.follow || options.signal.aborted) return;
      const next = await reopenIfReplaced(file, handle, position);
      if (next === 'same') {
        await wait(options.signal);
      } else {
        if (handle !== undefined) yield* readFrom(handle, position);
        await handle?.close();
        handle = next;
        position = 0;
      }
    }
  } finally {
    await handle?.close();
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function* readFrom(handle: FileHandle, start: number): AsyncGenerator<Buffer> {
  for (let position = start; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* lastLinesOf(file: string, lines: number): AsyncGenerator<Buffer> {
  const handle = await openIfThere(file);
  if (handle === undefined) return;
  try {
    yield* readFrom(handle, await startOfLastLines(handle, lines));
  } finally {
    await handle.close();
  }
}

/** Offset at which the last `lines` lines begin; a last line without its newline counts. */
async function startOfLastLines(handle: FileHandle, lines: number): Promise<number> {
  const { size } = await handle.stat();
  if (lines === 0) return size;
  let left = lines;
  for (let end = size; end > 0; ) {
    const length = Math.min(BLOCK_BYTES, end);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, end - length);
    for (let i = length - 1; i >= 0; i -= 1) {
      const offset = end - length + i;
      if (buffer[i] !== NEWLINE || offset === size - 1) continue;
      left -= 1;
      if (left === 0) return offset + 1;
    }
    end -= length;
  }
  return 0;
}

async function countLines(handle: FileHandle, start: number): Promise<number> {
  let count = 0;
  let last = NEWLINE;
  for await (const block of readFrom(handle, start)) {
    for (const byte of block) if (byte === NEWLINE) count += 1;
    last = block.at(-1) ?? last;
  }
  return last === NEWLINE ? count : count + 1;
}

/** A new handle where another file stands under the name or the file was cut; else `'same'`. */
async function reopenIfReplaced(
  file: string,
  handle: FileHandle | undefined,
  position: number,
): Promise<FileHandle | 'same'> {
  const now = await stat(file).catch(() => undefined);
  // Between the two renames of a rotation there is no file.
  if (now === undefined) return 'same';
  if (handle !== undefined) {
    const held = await handle.stat();
    if (held.ino === now.ino && held.dev === now.dev && now.size >= position) return 'same';
  }
  return (await openIfThere(file)) ?? 'same';
}
