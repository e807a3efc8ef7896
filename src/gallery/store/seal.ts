/**
 * Vectors, crops and originals as they lie on the disk: encrypted where there is a key (AES-256-GCM), with a checksum where
 * there is none. Both are over what the bytes belong to as well, so that those of two faces cannot be swapped unseen.
 */
import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { damaged } from './faults.ts';

export const KEY_BYTES = 32;
export const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CRC_BYTES = 4;
/** The first byte says how the rest is kept. */
const PLAIN = 0;
const ENCRYPTED = 1;

/** What sealed bytes belong to. `space` is empty for pictures. */
export type Place = { readonly kind: 'vector' | 'crop' | 'original'; readonly faceId: string; readonly space: string };

export type Sealer = {
  readonly isEncrypting: boolean;
  seal(place: Place, bytes: Uint8Array): Uint8Array;
  /** A copy of its own. @throws FacepoolError `people_unavailable` where the bytes are not those of that place */
  unseal(place: Place, sealed: Uint8Array): Uint8Array<ArrayBuffer>;
};

function label({ kind, faceId, space }: Place): Buffer {
  return Buffer.from(`${kind}\0${faceId}\0${space}`);
}

function plainSealer(): Sealer {
  const checksum = (place: Place, bytes: Uint8Array): number => crc32(bytes, crc32(label(place)));
  return {
    isEncrypting: false,
    seal(place, bytes) {
      const sealed = Buffer.alloc(1 + CRC_BYTES + bytes.length);
      sealed[0] = PLAIN;
      sealed.writeUInt32LE(checksum(place, bytes), 1);
      sealed.set(bytes, 1 + CRC_BYTES);
      return sealed;
    },
    unseal(place, sealed) {
      if (sealed[0] !== PLAIN || sealed.length < 1 + CRC_BYTES) throw damaged(`a ${place.kind} is not what was kept`);
      const bytes = new Uint8Array(sealed.subarray(1 + CRC_BYTES));
      const stored = new DataView(sealed.buffer, sealed.byteOffset).getUint32(1, true);
      if (stored !== checksum(place, bytes)) throw damaged(`a ${place.kind} is not what was kept`);
      return bytes;
    },
  };
}

/** Of one store: keys of two stores differ also where the file of the key is the same. */
function deriveKey(key: Uint8Array, salt: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `facepool people: ${use}`, KEY_BYTES));
}

/** Tells one key from another and nothing about either. */
export function keyCheck(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return createHmac('sha256', deriveKey(key, salt, 'check'))
    .update('facepool')
    .digest();
}

export function isSameCheck(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** @param key null: not encrypted */
export function createSealer(key: Uint8Array | null, salt: Uint8Array): Sealer {
  if (key === null) return plainSealer();
  const secret = deriveKey(key, salt, 'seal');
  return {
    isEncrypting: true,
    seal(place, bytes) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(label(place));
      return Buffer.concat([
        Uint8Array.of(ENCRYPTED),
        nonce,
        cipher.update(bytes),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
    },
    unseal(place, sealed) {
      const begin = 1 + NONCE_BYTES;
      const end = sealed.length - TAG_BYTES;
      if (sealed[0] !== ENCRYPTED || end < begin) throw damaged(`a ${place.kind} is not what was kept`);
      const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(1, begin), { authTagLength: TAG_BYTES })
        .setAAD(label(place))
        .setAuthTag(sealed.subarray(end));
      try {
        const head = decipher.update(sealed.subarray(begin, end));
        const tail = decipher.final();
        return new Uint8Array(tail.length === 0 ? head : Buffer.concat([head, tail]));
      } catch {
        throw damaged(`a ${place.kind} is not what was kept`);
      }
    },
  };
}

/** Whether the bytes were kept without a key. */
export function isPlain(sealed: Uint8Array): boolean {
  return sealed[0] === PLAIN;
}
