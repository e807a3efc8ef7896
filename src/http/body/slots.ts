/** Which pictures a route takes, and what their fields are called. */
import { FacepoolError } from '../../contract/errors.ts';
import type { OptionPair } from '../options.ts';

export type PictureSlot = {
  /** Name in errors and in the documents; also the form field. */
  readonly field: string;
  /** Other form fields that mean the same. */
  readonly aliases: readonly string[];
  /** Member of a JSON body. */
  readonly member: string;
};

export const ONE_PICTURE: readonly PictureSlot[] = [
  { field: 'file', aliases: ['image', 'img', 'photo'], member: 'image' },
];

export const TWO_PICTURES: readonly PictureSlot[] = [
  { field: 'source_image', aliases: [], member: 'source_image' },
  { field: 'target_image', aliases: [], member: 'target_image' },
];

/** What a body held, whatever way it came in. */
export type Upload = {
  /** One entry per slot, in their order. */
  readonly pictures: readonly (Buffer | undefined)[];
  readonly options: readonly OptionPair[];
  /** What a JSON body had in place of the pictures, as it came; undefined where it had pictures. */
  readonly instead?: unknown;
};

/** Room for option fields and multipart headers beside the pictures, bytes. */
export const BODY_OVERHEAD = 65_536;

export function tooLarge(uploadBytes: number, param?: string): FacepoolError {
  return new FacepoolError(
    'payload_too_large',
    `A picture may have ${uploadBytes} bytes at most (limits.upload_bytes).`,
    { param },
  );
}

export function missingImage(slot: PictureSlot): FacepoolError {
  return new FacepoolError('missing_image', `There is no picture in "${slot.field}", or it is empty.`, {
    param: slot.field,
  });
}
