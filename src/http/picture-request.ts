/** One request with pictures: options are checked before a byte is read, and room and deadline are given back after it. */
import type { Request, Response } from 'express';
import { FacepoolError } from '../contract/errors.ts';
import type { RequestOptions, RouteName } from '../contract/options.ts';
import type { Control, RequestContext } from '../contract/services.ts';
import type { Settings } from '../contract/settings.ts';
import { orAbort } from '../util/abort.ts';
import type { PictureSlot } from './body/slots.ts';
import { type CompleteUpload, uploadReader } from './body/upload.ts';
import type { UploadMemory } from './body/upload-memory.ts';
import { clientOf } from './client-id.ts';
import { startDeadline } from './deadline.ts';
import { parseOptions, queryPairs } from './options.ts';
import { stateOf } from './request-state.ts';

export type PictureRequestDeps = {
  readonly control: Pick<Control, 'stopping'>;
  readonly limits: Settings['limits'];
  /** Of all uploads of the server. */
  readonly memory: UploadMemory;
};

export type PictureRequest<T> = {
  /** Whose options they are. */
  readonly name: RouteName;
  readonly slots: readonly PictureSlot[];
  /** A member that a JSON body may have in place of the pictures. */
  readonly instead?: string | undefined;
  /** Looks at the options of the address alone, before the upload is read. Throws for what cannot become right. */
  readonly early?: ((options: RequestOptions) => void) | undefined;
  readonly run: (context: RequestContext, upload: CompleteUpload) => Promise<T>;
};

/** The answer, or whatever of the catalogue stands in its way. What runs after a deadline keeps its room until it ends. */
export async function answerPictures<T>(
  req: Request,
  res: Response,
  { control, limits, memory }: PictureRequestDeps,
  { name, slots, instead, early: look, run }: PictureRequest<T>,
): Promise<T> {
  // The limit of now: a reload may change it.
  const readUpload = uploadReader(slots, limits.upload_bytes, instead);
  if (control.stopping()) throw new FacepoolError('shutting_down', 'The server is shutting down.');
  const query = queryPairs(req.url);
  // Before the upload is read: a mistake in the address should not cost twenty megabytes.
  const early = parseOptions(name, query);
  look?.(early);
  const client = clientOf(req);
  const deadline = startDeadline(res, limits, early.timeout_ms);
  const lease = memory.lease();
  let running: Promise<unknown> = Promise.resolve();
  try {
    const upload = await readUpload(req, res, deadline.signal, lease);
    const options = upload.options.length === 0 ? early : parseOptions(name, [...query, ...upload.options]);
    deadline.set(options.timeout_ms);
    const context = { requestId: stateOf(req).id, client, options, signal: deadline.signal };
    const answering = run(context, upload);
    running = answering;
    return await orAbort(answering, deadline.signal);
  } finally {
    deadline.dispose();
    const release = () => lease.release();
    // After a deadline the pipeline may hold the pictures a moment longer than the client waits.
    void running.then(release, release);
  }
}

/** The picture of a slot, which the upload reader has found. */
export function pictureAt({ pictures }: CompleteUpload, index = 0): Buffer {
  const picture = pictures[index];
  if (picture === undefined) throw new RangeError(`the upload reader gave no picture ${index}`);
  return picture;
}
