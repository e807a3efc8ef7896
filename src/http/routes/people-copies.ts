/**
 * Everybody at once: an export of a collection, a backup of the whole store, and the way back. For administrators; who
 * took what is in the audit log before the first byte of it leaves. Mounted under `/v1` only.
 */
import { open, rm } from 'node:fs/promises';
import { type Request, type Response, Router } from 'express';
import { callerName, callerOf } from '../../auth/caller.ts';
import { FacepoolError } from '../../contract/errors.ts';
import type { ExportLine } from '../../contract/people-export.ts';
import { orAbort } from '../../util/abort.ts';
import { watchStandstill } from '../body/standstill.ts';
import { adminEndpoint, refuseWhenClosing } from '../changes.ts';
import { startPatience } from '../deadline.ts';
import { isStillAllowed } from '../gate.ts';
import { Places } from '../places.ts';
import { collectionPart, type PeopleDeps, recorded } from '../people-request.ts';
import { BACKUP_TYPE, cleanUploads, withUploadedFile } from '../restore-upload.ts';
import { addEndpoints } from '../route.ts';
import { sendBytes, sendChunks } from '../send-chunks.ts';
import { sendJson } from '../send.ts';
import { readQuery } from '../strict-query.ts';

/** Each reads the whole store. */
export const MAX_COPIES = 2;
const RETRY_AFTER_S = 10;
/** So many lines of an export between two looks at its key. */
const LINES_PER_LOOK = 100;
const READ_BYTES = 256 * 1024;

export function peopleCopiesRouter(deps: PeopleDeps): Router {
  const router = Router({ strict: true });
  const copies = new Places({ total: MAX_COPIES, each: MAX_COPIES, doing: 'copy people', retryAfterS: RETRY_AFTER_S });
  const restores = new Places({ total: 1, each: 1, doing: 'restore people', retryAfterS: RETRY_AFTER_S });
  // Faces that a server left which was killed while they came.
  const cleaned = cleanUploads(deps.settings.data_dir);
  addEndpoints(router, '/collections/:collection/export', {
    get: adminEndpoint(deps, (req, res) => held(copies, req, () => sendExport(req, res, deps))),
  });
  addEndpoints(router, '/people/backup', {
    get: adminEndpoint(deps, (req, res) => held(copies, req, () => sendBackup(req, res, deps))),
  });
  addEndpoints(router, '/people/restore', {
    post: adminEndpoint(deps, (req, res) =>
      held(restores, req, async () => {
        await cleaned;
        await restore(req, res, deps);
      }),
    ),
  });
  return router;
}

async function held(places: Places, req: Request, work: () => Promise<void>): Promise<void> {
  const leave = places.take(req);
  try {
    await work();
  } finally {
    leave();
  }
}

async function sendExport(req: Request, res: Response, deps: PeopleDeps): Promise<void> {
  readQuery('/v1/collections/{collection}/export', req.url, []);
  refuseWhenClosing(deps);
  const collection = collectionPart(req);
  const patience = startPatience(res, deps.signal);
  try {
    // Unknown ones are refused before anything is written down as taken.
    await orAbort(deps.people.collection(collection), patience.signal);
    res.setHeader('Content-Type', 'application/x-ndjson; charset=utf-8');
    res.setHeader('Content-Disposition', `attachment; filename="${collection}.ndjson"`);
    if (req.method === 'HEAD') {
      res.end();
      return;
    }
    tellBegun(deps, req, 'people.export', collection);
    let subjects = 0;
    const lines = (async function* (): AsyncGenerator<string> {
      for await (const line of deps.people.export(collection, patience.signal)) {
        if (subjects % LINES_PER_LOOK === 0) refuseRevoked(req);
        subjects += 1;
        yield lineText(line);
      }
    })();
    const send = async (): Promise<void> => {
      await sendChunks(res, deps.clock, lines);
      patience.signal.throwIfAborted();
    };
    await recorded(deps, req, 'people.export', collection, send, () => ({ subjects }));
  } finally {
    patience.dispose();
  }
}

function lineText(line: ExportLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** Half an export is out by then; that its connection is cut says that it is not whole. */
function refuseRevoked(req: Request): void {
  if (!isStillAllowed(req)) throw new FacepoolError('unauthorized', 'The API key is no longer valid.');
}

/** In the audit log before the copy leaves: a server that is killed meanwhile has written it down all the same. */
function tellBegun({ audit }: PeopleDeps, req: Request, action: string, target: string): void {
  audit.record({ who: callerName(callerOf(req)), action, target, result: 'begun' });
}

async function sendBackup(req: Request, res: Response, deps: PeopleDeps): Promise<void> {
  readQuery('/v1/people/backup', req.url, []);
  refuseWhenClosing(deps);
  res.setHeader('Content-Type', BACKUP_TYPE);
  res.setHeader('Content-Disposition', 'attachment; filename="people.db"');
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  const patience = startPatience(res, deps.signal);
  try {
    tellBegun(deps, req, 'people.backup', 'all');
    const send = async (): Promise<number> => {
      // Not left early: whoever makes the copy has to give its name, so that it can be removed.
      const { file } = await deps.people.backup(patience.signal);
      const sent = await sendFile(res, file, deps);
      patience.signal.throwIfAborted();
      return sent;
    };
    await recorded(deps, req, 'people.backup', 'all', send, (bytes) => ({ bytes }));
  } finally {
    patience.dispose();
  }
}

/** Sends a file that has no name any more when the first byte leaves: nothing can make it stay. @returns its bytes */
async function sendFile(res: Response, file: string, deps: PeopleDeps): Promise<number> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } finally {
    await rm(file, { force: true });
  }
  try {
    const { size } = await handle.stat();
    res.setHeader('Content-Length', String(size));
    await sendBytes(res, deps.clock, handle.createReadStream({ highWaterMark: READ_BYTES, autoClose: false }));
    return size;
  } finally {
    await handle.close();
  }
}

async function restore(req: Request, res: Response, deps: PeopleDeps): Promise<void> {
  readQuery('/v1/people/restore', req.url, []);
  refuseWhenClosing(deps);
  const patience = startPatience(res, deps.signal);
  const standstill = watchStandstill(req, deps.clock);
  try {
    const signal = AbortSignal.any([patience.signal, standstill.signal]);
    const { data_dir: dataDir, limits } = deps.settings;
    const upload = { dataDir, maxBytes: limits.model_upload_bytes, signal };
    const check = await recorded(
      deps,
      req,
      'people.restore',
      'all',
      () => withUploadedFile(req, res, upload, (file) => deps.people.restore(file)),
      ({ collections, subjects, faces }) => ({ collections, subjects, faces }),
    );
    sendJson(res, check);
  } finally {
    standstill.end();
    patience.dispose();
  }
}
