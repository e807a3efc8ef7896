/** A picture's bytes and their digest. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ClientRequest } from '../client.ts';

/** Above this a file is read twice instead of kept in memory; what is so large is refused by most servers anyway. */
const MOST_IN_MEMORY = 64 * 1024 * 1024;

export type PictureFile = {
  /** sha256, hexadecimal: what the server remembers of a picture. */
  readonly digest: string;
  /** To be asked for before each attempt: a stream can be sent once. */
  readonly body: () => NonNullable<ClientRequest['body']>;
};

/** @throws Error of the file system */
export async function readPictureFile(file: string): Promise<PictureFile> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const type = 'application/octet-stream';
    if (size > MOST_IN_MEMORY) {
      const hash = createHash('sha256');
      await pipeline(handle.createReadStream({ autoClose: false }), hash);
      return { digest: hash.digest('hex'), body: () => ({ type, stream: createReadStream(file), length: size }) };
    }
    const bytes = await handle.readFile();
    return { digest: createHash('sha256').update(bytes).digest('hex'), body: () => ({ type, bytes }) };
  } finally {
    await handle.close();
  }
}
