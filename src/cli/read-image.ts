import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Io } from './io.ts';

/** The bytes of a file; `-` is standard input. Throws `CliError` that names the file. */
export async function readImage(io: Io, file: string): Promise<Uint8Array> {
  try {
    return file === '-' ? await buffer(io.stdin) : await readFile(resolve(io.cwd, file));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const known: Record<string, string> = {
      ENOENT: 'there is no such file',
      EACCES: 'no permission to read it',
      EISDIR: 'it is a directory; name the files in it',
    };
    throw new CliError(EXIT.failure, known[code] ?? `cannot be read (${code})`, { cause: error });
  }
}
