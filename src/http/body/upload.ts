/** The pictures and options of a request, whatever way they came in. */
import type { Request, Response } from 'express';
import { FacepoolError } from '../../contract/errors.ts';
import { announceContinue } from '../continue.ts';
import type { OptionPair } from '../options.ts';
import { collectBody, contentLength } from './collect.ts';
import { hasBody, mediaType, refuseCompressed } from './headers.ts';
import { parseJsonBody } from './json.ts';
import { formLimit, multipartReader } from './multipart.ts';
import { BODY_OVERHEAD, missingImage, type PictureSlot, tooLarge, type Upload } from './slots.ts';
import type { UploadLease } from './upload-memory.ts';

export type CompleteUpload = {
  /** Empty where there is something instead. */
  readonly pictures: readonly Buffer[];
  readonly options: readonly OptionPair[];
  readonly instead?: unknown;
};

/**
 * Reads the upload of one request. Pictures come in the order of the slots, none empty. They take their room from the
 * lease, which is the caller's to release when nobody holds them any more, also when this rejects.
 */
export type UploadReader = (
  req: Request,
  res: Response,
  signal: AbortSignal,
  lease: UploadLease,
) => Promise<CompleteUpload>;

const WAYS_IN = 'multipart/form-data, image/* or application/octet-stream, or application/json';

/**
 * Makes the reader of one route, which picks the way in by `Content-Type`.
 * @param instead a member that a JSON body may have in place of the pictures
 * @throws FacepoolError `missing_image`, `unsupported_media`, `payload_too_large`, `invalid_argument`, `queue_full`, or
 *   the signal's reason
 */
export function uploadReader(slots: readonly PictureSlot[], uploadBytes: number, instead?: string): UploadReader {
  const readMultipart = multipartReader(slots, uploadBytes);
  const maxJson = slots.length * Math.ceil(uploadBytes / 3) * 4 + BODY_OVERHEAD;

  const read = async (req: Request, res: Response, signal: AbortSignal, lease: UploadLease): Promise<Upload> => {
    const type = mediaType(req);
    const invite = (maxBytes: number) => {
      // Known before a byte is sent: a client that asked with Expect need not send it at all.
      const length = contentLength(req) ?? 0;
      if (length > maxBytes) throw tooLarge(uploadBytes);
      lease.grow(length);
      announceContinue(req, res);
    };
    const collect = (maxBytes: number): Promise<Buffer> => {
      invite(maxBytes);
      return collectBody(req, { maxBytes, tooLarge: () => tooLarge(uploadBytes), lease, signal });
    };
    if (type === 'multipart/form-data') {
      invite(formLimit(slots, uploadBytes));
      return readMultipart(req, res, signal, lease);
    }
    if (type === 'application/json') {
      const body = await collect(maxJson);
      if (body.length === 0) return { pictures: [], options: [] };
      return parseJsonBody(body, slots, uploadBytes, instead);
    }
    if (type.startsWith('image/') || type === 'application/octet-stream') {
      if (slots.length > 1) {
        const fields = slots.map((slot) => slot.field).join(' and ');
        throw new FacepoolError('invalid_argument', `This route takes ${fields}: send a form or JSON, not a raw body.`);
      }
      return { pictures: [await collect(uploadBytes)], options: [] };
    }
    throw new FacepoolError('unsupported_media', `This Content-Type is not known here. Send ${WAYS_IN}.`);
  };

  return async (req, res, signal, lease) => {
    const first = slots[0];
    if (first !== undefined && !hasBody(req)) throw missingImage(first);
    refuseCompressed(req);
    const upload = await read(req, res, signal, lease);
    if (upload.instead !== undefined) return { pictures: [], options: upload.options, instead: upload.instead };
    const pictures = slots.map((slot, i) => {
      const picture = upload.pictures[i];
      if (picture === undefined || picture.length === 0) throw missingImage(slot);
      return picture;
    });
    return { pictures, options: upload.options };
  };
}
