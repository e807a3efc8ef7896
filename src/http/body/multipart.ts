/** Pictures in multipart/form-data, parsed by multer into memory. */
import type { Request, Response } from 'express';
import multer from 'multer';
import { FacepoolError } from '../../contract/errors.ts';
import { orAbort } from '../../util/abort.ts';
import type { OptionPair } from '../options.ts';
import { contentLength } from './collect.ts';
import { BODY_OVERHEAD, type PictureSlot, tooLarge, type Upload } from './slots.ts';
import type { UploadLease } from './upload-memory.ts';

const MAX_FIELDS = 64;
const MAX_FIELD_BYTES = 8_192;

export type MultipartReader = (req: Request, res: Response, signal: AbortSignal, lease: UploadLease) => Promise<Upload>;

/** Bytes of a form that holds every picture at its largest. */
export function formLimit(slots: readonly PictureSlot[], uploadBytes: number): number {
  return slots.length * uploadBytes + BODY_OVERHEAD;
}

/**
 * Makes the reader of one route; it rejects as soon as the upload is known to be refused, while the rest of it is
 * still on its way. A form of unknown length takes its room from the lease as it comes; for any other the caller has
 * taken it.
 */
export function multipartReader(slots: readonly PictureSlot[], uploadBytes: number): MultipartReader {
  const maxBytes = formLimit(slots, uploadBytes);

  return (req, res, signal, lease) => {
    const isCounted = contentLength(req) !== undefined;
    const refusal = new AbortController();
    const refuse = (error: unknown) => refusal.abort(error);
    const taken = new Set<PictureSlot>();
    const upload = multer({
      storage: multer.memoryStorage(),
      limits: {
        fileSize: uploadBytes,
        fieldSize: MAX_FIELD_BYTES,
        fields: MAX_FIELDS,
        parts: MAX_FIELDS + slots.length,
        fieldNestingDepth: 0,
      },
      fileFilter(_req, file, accept) {
        const slot = slotOf(slots, file.fieldname);
        if (slot !== undefined && !taken.has(slot)) {
          taken.add(slot);
          accept(null, true);
          return;
        }
        const error = slot === undefined ? unknownField(slots, file.fieldname) : extraFile(slot, file.fieldname);
        accept(error);
        // multer tells only after it has read everything else; the client is told now.
        refuse(error);
      },
    }).any();

    const parsed = new Promise<Upload>((resolve, reject) => {
      let received = 0;
      req.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (received > maxBytes) refuse(tooLarge(uploadBytes));
        if (isCounted || refusal.signal.aborted) return;
        try {
          lease.grow(chunk.length);
        } catch (error) {
          refuse(error);
        }
      });
      upload(req, res, (error: unknown) => {
        try {
          if (error !== undefined && error !== null) throw toFacepool(error, slots, uploadBytes);
          resolve(toUpload(req, slots));
        } catch (refused) {
          reject(refused);
        }
      });
    });
    return orAbort(parsed, AbortSignal.any([signal, refusal.signal]));
  };
}

function slotOf(slots: readonly PictureSlot[], field: string): PictureSlot | undefined {
  return slots.find((slot) => slot.field === field || slot.aliases.includes(field));
}

function toUpload(req: Request, slots: readonly PictureSlot[]): Upload {
  const pictures: (Buffer | undefined)[] = slots.map(() => undefined);
  for (const file of Array.isArray(req.files) ? req.files : []) {
    const at = slots.findIndex((slot) => slot === slotOf(slots, file.fieldname));
    if (at !== -1) pictures[at] = file.buffer;
  }
  return { pictures, options: fieldPairs(req.body, slots) };
}

/** multer gives a text for a field that came once and a list for one that came several times. */
function fieldPairs(body: unknown, slots: readonly PictureSlot[]): OptionPair[] {
  if (typeof body !== 'object' || body === null) return [];
  const pairs: OptionPair[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (slotOf(slots, name) !== undefined) throw textInsteadOfFile(name);
    for (const item of Array.isArray(value) ? value : [value]) pairs.push([name, String(item)]);
  }
  return pairs;
}

function unknownField(slots: readonly PictureSlot[], field: string): FacepoolError {
  const known = slots.flatMap((slot) => [slot.field, ...slot.aliases]).join(', ');
  const shown = field.slice(0, 40);
  return new FacepoolError('invalid_argument', `"${shown}" is no picture field here. Known are ${known}.`, {
    param: shown,
  });
}

function extraFile(slot: PictureSlot, field: string): FacepoolError {
  const shown = field.slice(0, 40);
  return new FacepoolError('invalid_argument', `"${shown}" is one file too many: "${slot.field}" takes one picture.`, {
    param: shown,
  });
}

function textInsteadOfFile(field: string): FacepoolError {
  return new FacepoolError('missing_image', `"${field}" is a text, not a file. With curl: -F ${field}=@picture.jpg`, {
    param: field,
  });
}

function toFacepool(error: unknown, slots: readonly PictureSlot[], uploadBytes: number): FacepoolError {
  if (error instanceof FacepoolError) return error;
  if (!(error instanceof multer.MulterError)) {
    return new FacepoolError('invalid_argument', 'The multipart body is broken or incomplete.', { cause: error });
  }
  const field = error.field?.slice(0, 40);
  if (error.code === 'LIMIT_FILE_SIZE') return tooLarge(uploadBytes, field);
  if (error.code === 'LIMIT_FIELD_VALUE' && field !== undefined && slotOf(slots, field) !== undefined) {
    return textInsteadOfFile(field);
  }
  return new FacepoolError('invalid_argument', `The form is not acceptable: ${error.message}.`, { param: field });
}
