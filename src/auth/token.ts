/**
 * The text of a key: `fp_<id>_<secret><checksum>`. The id is public (logs, `keys list`), the secret is 256 random bits,
 * the checksum (CRC-32) only tells a key that was cut or mistyped from one that is unknown. All letters and digits, so
 * that a double click selects it and a scanner for leaked secrets finds it by `fp_`.
 *
 * At rest there is only the SHA-256 of the text. A slow hash (scrypt, argon2) protects passwords because people choose
 * them; 256 random bits cannot be guessed at any speed, and every request would pay for the slowness.
 */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Without letters that are taken for one another: people read ids to each other. */
const ID_ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';
const ID_LENGTH = 8;
const SECRET_BYTES = 32;
/** Base-62 digits of 256 and of 32 bits. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

const SHAPE = new RegExp(
  `^fp_([${ID_ALPHABET}]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH}}[0-9A-Za-z]{${CHECKSUM_LENGTH}}$`,
);
/** A digest that no text has, as far as anyone knows: unknown ids are compared with it, in the same time as known ones. */
const NO_HASH = '0'.repeat(64);

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text;
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_LENGTH);
}

export function newKeyId(): string {
  return Array.from({ length: ID_LENGTH }, () => ID_ALPHABET.charAt(randomInt(ID_ALPHABET.length))).join('');
}

/** The text of a new key with this id. It can never be had again. */
export function newToken(id: string): string {
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH);
  const text = `fp_${id}_${secret}`;
  return text + checksum(text);
}

/** The id inside the text of a whole key; null where the text is cut, mistyped or no key at all. */
export function idOfToken(token: string): string | null {
  const id = SHAPE.exec(token)?.[1];
  if (id === undefined) return null;
  return checksum(token.slice(0, -CHECKSUM_LENGTH)) === token.slice(-CHECKSUM_LENGTH) ? id : null;
}

/** SHA-256 in hexadecimal digits. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * Whether the token has this hash, in a time that does not depend on where they differ.
 * @param hash from {@link hashToken}; undefined for an id that does not exist, which is never equal
 */
export function hasHash(token: string, hash: string | undefined): boolean {
  const expected = Buffer.from(hash ?? NO_HASH, 'hex');
  return timingSafeEqual(Buffer.from(hashToken(token), 'hex'), expected) && hash !== undefined;
}
