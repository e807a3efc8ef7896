/** What the routes of people have in common: their path, who may ask, deadlines, and what the audit log gets. */
import type { Request, RequestHandler, Response } from 'express';
import type { AuditLog } from '../auth/audit-log.ts';
import { callerName, callerOf } from '../auth/caller.ts';
import type { Scope } from '../auth/scopes.ts';
import { FacepoolError, toWire } from '../contract/errors.ts';
import { collectionName, type People, subjectName } from '../contract/people.ts';
import type { Reembedding } from '../contract/reembed.ts';
import type { Control, Pipeline } from '../contract/services.ts';
import type { Settings } from '../contract/settings.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { orAbort } from '../util/abort.ts';
import type { UploadMemory } from './body/upload-memory.ts';
import { pathPart } from './changes.ts';
import { startDeadline } from './deadline.ts';
import type { Gate } from './gate.ts';
import type { Endpoint } from './route.ts';

export type PeopleDeps = {
  readonly people: People;
  readonly reembedding: Reembedding;
  readonly pipeline: Pick<Pipeline, 'enrol' | 'search'>;
  readonly audit: AuditLog;
  readonly metrics: Pick<Metrics, 'peopleEnrolments'>;
  readonly settings: Pick<Settings, 'limits' | 'admin' | 'data_dir'>;
  readonly control: Pick<Control, 'stopping'>;
  readonly gate: Gate;
  readonly clock: Pick<Clock, 'after'>;
  /** Of all uploads of the server. */
  readonly memory: UploadMemory;
  /** Aborted when the server closes. */
  readonly signal?: AbortSignal | undefined;
};

type Handler = (req: Request, res: Response) => Promise<void>;

/** An endpoint of a scope, with its label. */
export function peopleEndpoint(
  { gate }: Pick<PeopleDeps, 'gate'>,
  scope: Scope,
  handler: Handler,
  label: 'people' | 'enrol' | 'search' = 'people',
): Endpoint {
  return { label, access: gate(scope), handler: handler satisfies RequestHandler };
}

/** @throws FacepoolError `invalid_argument` */
export function collectionPart(req: Request): string {
  const parsed = collectionName.safeParse(pathPart(req, 'collection'));
  if (parsed.success) return parsed.data;
  throw new FacepoolError('invalid_argument', `A collection’s name has ${parsed.error.issues[0]?.message}.`, {
    param: 'collection',
  });
}

/** @throws FacepoolError `invalid_argument` */
export function subjectPart(req: Request): string {
  return subjectOf(pathPart(req, 'subject'));
}

/**
 * A name in NFC, without blanks around it.
 * @throws FacepoolError `invalid_argument`
 */
export function subjectOf(text: string): string {
  const parsed = subjectName.safeParse(text);
  if (parsed.success) return addressable(parsed.data);
  const why = text.trim() === '' ? 'it is empty' : (parsed.error.issues[0]?.message ?? 'it is not allowed');
  throw new FacepoolError('invalid_argument', `That cannot be a subject’s name: ${why}.`, { param: 'subject' });
}

/**
 * Browsers and proxies take "." and ".." for steps in a path, however they are written: DELETE …/subjects/.. would reach
 * the collection.
 * @throws FacepoolError `invalid_argument`
 */
export function addressable(subject: string): string {
  if (subject !== '.' && subject !== '..') return subject;
  throw new FacepoolError('invalid_argument', '"." and ".." cannot be names: no address could mean them.', {
    param: 'subject',
  });
}

/** Ids are ULIDs; what is none is nobody's. @throws FacepoolError `not_found` */
export function faceIdPart(req: Request): string {
  const id = pathPart(req, 'id');
  if (/^[0-9A-Za-z]{1,64}$/.test(id)) return id;
  throw new FacepoolError('not_found', 'There is no such face.', { param: 'face_id' });
}

/** Waits until the deadline of a request; the work itself goes on. */
export async function withDeadline<T>(
  res: Response,
  { settings }: Pick<PeopleDeps, 'settings'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline(res, settings.limits);
  try {
    return await orAbort(work(deadline.signal), deadline.signal);
  } finally {
    deadline.dispose();
  }
}

/** More about an entry: ids and figures, never a name of a person. */
export type About = Readonly<Record<string, string | number>>;

/**
 * Does it, and writes down who asked for what and how it ended.
 * @param action e.g. `people.delete`
 * @param target a collection, or `collection/id`; known better when it has ended: `target` of `about`
 */
export async function recorded<T>(
  { audit }: Pick<PeopleDeps, 'audit'>,
  req: Request,
  action: string,
  target: string,
  work: () => Promise<T>,
  about: (result: T) => About = () => ({}),
): Promise<T> {
  const who = callerName(callerOf(req));
  try {
    const result = await work();
    audit.record({ who, action, target, result: 'ok', ...about(result) });
    return result;
  } catch (error) {
    audit.record({ who, action, target, result: toWire(error).code });
    throw error;
  }
}
