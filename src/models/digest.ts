/** sha256 of files, streamed. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

const CHUNK_BYTES = 1024 * 1024;

/** Lower-case hexadecimal. Rejects like `fs`, or with the signal's reason. */
export async function sha256File(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  await pipeline(stream, hash, signal === undefined ? {} : { signal });
  return hash.digest('hex');
}
