/** A model version as multipart/form-data: `version` and `manifest` first, then its files, handed on while they come. */
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import type { Request, Response } from 'express';
import multer, { type StorageEngine } from 'multer';
import { FacepoolError } from '../../contract/errors.ts';
import type { VersionFile, VersionUpload } from '../../contract/staging.ts';
import { announceContinue } from '../continue.ts';
import { contentLength } from './collect.ts';

/** Which one a file comes in does not matter: its name is the one that the manifest calls it by. */
const FILE_FIELDS: readonly string[] = ['files', 'file', 'licence', 'golden'];
const TEXT_FIELDS: readonly string[] = ['version', 'manifest'];
const MAX_FILES = 64;
const MAX_TEXT_BYTES = 1024 * 1024;
/** For the heads of the parts. */
const OVERHEAD_BYTES = 65_536;

export type VersionForm = {
  readonly upload: VersionUpload;
  /** Also aborted when the rest of the form is refused. */
  readonly signal: AbortSignal;
  /** Drops what is still on its way. Idempotent. */
  readonly dispose: (reason: unknown) => void;
};

/**
 * Resolves when version and manifest are known, with the files to come. Nothing but the manifest is held in memory.
 * @param maxBytes of the whole form
 * @throws FacepoolError `invalid_argument` naming the field, `payload_too_large`, or the signal's reason
 */
export async function readVersionForm(
  req: Request,
  res: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<VersionForm> {
  const most = maxBytes + OVERHEAD_BYTES;
  if ((contentLength(req) ?? 0) > most) throw tooLarge(maxBytes);
  announceContinue(req, res);

  const refusal = new AbortController();
  const all = AbortSignal.any([signal, refusal.signal]);
  const refuse = (reason: unknown): void => refusal.abort(reason);
  const files = new FileQueue();
  const head = Promise.withResolvers<VersionUpload>();
  let manifestFile: Promise<string> | undefined;
  const begin = async (): Promise<void> => head.resolve(await readHead(req.body, manifestFile, files));

  const take = async ({ fieldname, originalname, stream }: Express.Multer.File): Promise<void> => {
    if (fieldname === 'manifest') {
      if (manifestFile !== undefined) throw invalid('manifest', 'The manifest was sent twice.');
      manifestFile = shortText(stream);
      await manifestFile;
    } else {
      await begin();
      files.add({ name: originalname, stream });
      await untilRead(stream);
    }
  };
  const storage: StorageEngine = {
    _handleFile(_req, file, done) {
      take(file).then(
        () => done(null, { size: 0 }),
        (error: unknown) => {
          refuse(toFacepool(error));
          done(error);
        },
      );
    },
    _removeFile: (_req, _file, done) => done(null),
  };
  const parse = multer({
    storage,
    // A name with folders is to be seen, and refused.
    preservePath: true,
    limits: { files: MAX_FILES, fields: TEXT_FIELDS.length * 2, fieldSize: MAX_TEXT_BYTES, fieldNestingDepth: 0 },
    fileFilter(_req, { fieldname }, accept) {
      if (fieldname === 'manifest' || FILE_FIELDS.includes(fieldname)) return accept(null, true);
      const isText = TEXT_FIELDS.includes(fieldname);
      const error = isText ? invalid(fieldname, `"${fieldname}" is a text, not a file.`) : unknownField(fieldname);
      refuse(error);
      accept(error);
    },
  }).any();

  all.addEventListener('abort', () => {
    head.reject(all.reason);
    files.fail(all.reason);
  });
  // Told through the signal.
  head.promise.catch(() => undefined);
  let received = 0;
  req.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > most) refuse(tooLarge(maxBytes));
  });
  parse(req, res, (error: unknown) => {
    if (error !== undefined && error !== null) return refuse(toFacepool(error));
    const stranger = Object.keys(req.body).find((name) => !TEXT_FIELDS.includes(name));
    if (stranger !== undefined) return refuse(unknownField(stranger));
    begin().then(() => files.end(), refuse);
  });
  if (signal.aborted) head.reject(signal.reason);
  return { upload: await head.promise, signal: all, dispose: refuse };
}

/** Files one after the other, as they come. */
class FileQueue implements AsyncIterable<VersionFile> {
  readonly #queue = new PassThrough({ objectMode: true, highWaterMark: MAX_FILES });
  readonly #streams = new Set<Readable>();
  #failed: { readonly reason: unknown } | null = null;

  constructor() {
    // Whoever reads them is told as well.
    this.#queue.on('error', () => undefined);
  }

  add(file: VersionFile & { readonly stream: Readable }): void {
    file.stream.on('error', () => undefined);
    if (this.#failed !== null) {
      file.stream.destroy(asError(this.#failed.reason));
      return;
    }
    this.#streams.add(file.stream);
    this.#queue.write(file);
  }

  end(): void {
    if (this.#failed === null) this.#queue.end();
  }

  fail(reason: unknown): void {
    this.#failed ??= { reason };
    for (const stream of this.#streams) stream.destroy(asError(reason));
    this.#queue.destroy(asError(reason));
  }

  [Symbol.asyncIterator](): AsyncIterator<VersionFile> {
    return this.#queue[Symbol.asyncIterator]();
  }
}

async function readHead(
  body: unknown,
  manifestFile: Promise<string> | undefined,
  files: AsyncIterable<VersionFile>,
): Promise<VersionUpload> {
  const fields = new Map<string, unknown>(Object.entries(body ?? {}));
  const version = fields.get('version');
  if (version === undefined) throw invalid('version', 'The form has no field "version"; it comes before the files.');
  if (typeof version !== 'string') throw invalid('version', 'The version was sent twice.');
  const given = fields.get('manifest');
  if ((given !== undefined && manifestFile !== undefined) || Array.isArray(given)) {
    throw invalid('manifest', 'The manifest was sent twice.');
  }
  const manifest = manifestFile === undefined ? given : await manifestFile;
  if (typeof manifest !== 'string') {
    throw invalid('manifest', 'The form has no field "manifest"; it comes before the files.');
  }
  return { version, manifest, files };
}

/** A reader that gives up has its reason, which it tells; only what goes wrong with the stream itself is thrown. */
async function untilRead(stream: Readable): Promise<void> {
  try {
    await finished(stream);
  } catch (error) {
    if (stream.errored !== null) throw error;
  }
}

async function shortText(stream: Readable): Promise<string> {
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_TEXT_BYTES) stream.destroy(invalid('manifest', `A manifest has ${MAX_TEXT_BYTES} bytes at most.`));
  });
  return text(stream);
}

function invalid(param: string, detail: string): FacepoolError {
  return new FacepoolError('invalid_argument', detail, { param });
}

function unknownField(field: string): FacepoolError {
  const shown = field.slice(0, 40);
  return invalid(shown, `"${shown}" is no field here. Known are ${[...TEXT_FIELDS, ...FILE_FIELDS].join(', ')}.`);
}

function tooLarge(maxBytes: number): FacepoolError {
  return new FacepoolError(
    'payload_too_large',
    `A model version may have ${maxBytes} bytes at most (limits.model_upload_bytes).`,
  );
}

function toFacepool(error: unknown): unknown {
  if (error instanceof FacepoolError) return error;
  if (error instanceof multer.MulterError) {
    const param = error.field?.slice(0, 40);
    return new FacepoolError('invalid_argument', `The form is not acceptable: ${error.message}.`, { param });
  }
  return new FacepoolError('invalid_argument', 'The multipart body is broken or incomplete.', { cause: error });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
