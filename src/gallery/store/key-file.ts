/** `people.encryption_key_file`: 32 bytes as text, for nobody else's eyes. */
import { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { unavailable } from './faults.ts';

const OTHERS = 0o077;
const MOST_BYTES = 1024;
const HEX = /^[0-9a-f]{64}$/i;
/** 43 characters carry 256 bits; the 44th pads. Both alphabets. */
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;
const HOW = 'it must hold 32 bytes as hexadecimal or base64 (openssl rand -hex 32)';

/**
 * @returns 32 bytes
 * @throws FacepoolError `people_unavailable` with what is wrong; its words name the setting, never the file or the key
 */
export function readKeyFile(path: string): Uint8Array {
  const text = readPrivate(path).trim();
  if (HEX.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'));
  if (BASE64.test(text)) return Uint8Array.from(Buffer.from(text, 'base64'));
  throw unavailable(`people.encryption_key_file holds no key: ${HOW}`);
}

function readPrivate(path: string): string {
  let descriptor: number;
  try {
    // A pipe without a writer would wait for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${String(code)})`;
    throw unavailable(`people.encryption_key_file: ${why}`, error);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw unavailable('people.encryption_key_file is not a file');
    if ((stat.mode & OTHERS) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      throw unavailable(`people.encryption_key_file can be read by others (mode ${mode}); do chmod 600`);
    }
    if (stat.size > MOST_BYTES) throw unavailable(`people.encryption_key_file is too long: ${HOW}`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
