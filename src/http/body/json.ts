/** Pictures in a JSON body: `{"image": {"base64": "…"}, "<option>": …}`. */
import { FacepoolError } from '../../contract/errors.ts';
import type { OptionPair } from '../options.ts';
import { decodeBase64 } from './base64.ts';
import { type PictureSlot, tooLarge, type Upload } from './slots.ts';

/**
 * Parses the body. Members that name no picture are options, values as in the query (lists are joined with commas).
 * @param instead a member that may be there in place of the pictures; it is not looked into
 * @throws FacepoolError `invalid_argument` naming the member at fault, `payload_too_large`
 */
export function parseJsonBody(
  body: Buffer,
  slots: readonly PictureSlot[],
  uploadBytes: number,
  instead?: string,
): Upload {
  const pictures: (Buffer | undefined)[] = slots.map(() => undefined);
  const options: OptionPair[] = [];
  let other: unknown;
  for (const [name, value] of Object.entries(parseObject(body))) {
    const at = slots.findIndex((slot) => slot.member === name);
    if (name === instead) other = value;
    else if (at === -1) options.push([name, optionText(name, value)]);
    else pictures[at] = pictureBytes(name, value, uploadBytes);
  }
  const both = other === undefined ? -1 : pictures.findIndex((picture) => picture !== undefined);
  if (both === -1) return { pictures, options, ...(other === undefined ? {} : { instead: other }) };
  const names = `"${slots[both]?.member}" and "${instead}"`;
  throw new FacepoolError('invalid_argument', `${names} cannot both be given: one of them.`, { param: instead });
}

/** Base64 has none of them, an embedding a comma for each number. */
const SIGNS = [',', '[', '{'].map((sign) => sign.charCodeAt(0));
const MAX_SIGNS = 32_768;

/**
 * Megabytes of brackets or of little numbers take the parser seconds, in which nobody else is answered; megabytes of
 * one text do not.
 */
function refuseManyParts(body: Buffer): void {
  let found = 0;
  for (const sign of SIGNS) {
    for (let at = body.indexOf(sign); at !== -1; at = body.indexOf(sign, at + 1)) {
      found += 1;
      if (found > MAX_SIGNS) {
        throw new FacepoolError('invalid_argument', `The body has more than ${MAX_SIGNS} members, lists and values.`);
      }
    }
  }
}

function parseObject(body: Buffer): object {
  refuseManyParts(body);
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new FacepoolError('invalid_argument', 'The body is not well-formed JSON.', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FacepoolError('invalid_argument', 'The body must be a JSON object.');
  }
  return value;
}

function pictureBytes(member: string, value: unknown, uploadBytes: number): Buffer {
  const at = { param: member };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FacepoolError('invalid_argument', `"${member}" must be an object: {"base64": "…"}.`, at);
  }
  if ('url' in value) throw new FacepoolError('invalid_argument', 'URLs are off: send the picture itself.', at);
  if (!('base64' in value) || typeof value.base64 !== 'string' || Object.keys(value).length !== 1) {
    throw new FacepoolError('invalid_argument', `"${member}" must have exactly one member, the text "base64".`, at);
  }
  const bytes = decodeBase64(value.base64);
  if (bytes === null) {
    throw new FacepoolError(
      'invalid_argument',
      `"${member}.base64" is not base64 (standard alphabet, padded, without blanks or line breaks).`,
      at,
    );
  }
  if (bytes.length > uploadBytes) throw tooLarge(uploadBytes, member);
  return bytes;
}

function optionText(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(',');
  const shown = name.slice(0, 40);
  throw new FacepoolError('invalid_argument', `"${shown}" must be a text, a number, a boolean or a list of texts.`, {
    param: shown,
  });
}
