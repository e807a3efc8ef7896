/** Collections and the subjects in them. Mounted under `/v1` only. */
import type * as z from 'zod';
import { type Request, type Response, Router } from 'express';
import {
  changeSubjectSchema,
  createCollectionSchema,
  createSubjectSchema,
  type erasingSchema,
} from '../../contract/people.ts';
import { FacepoolError } from '../../contract/errors.ts';
import { onAbort } from '../../util/abort.ts';
import { readStrictJson } from '../body/strict-json.ts';
import { refuseWhenClosing } from '../changes.ts';
import { CLIENT_GONE } from '../deadline.ts';
import { readPaging, sealCursor } from '../paging.ts';
import {
  addressable,
  collectionPart,
  type PeopleDeps,
  peopleEndpoint,
  recorded,
  subjectPart,
  withDeadline,
} from '../people-request.ts';
import { addEndpoints } from '../route.ts';
import { sendJson } from '../send.ts';
import { readQuery } from '../strict-query.ts';
import { setSubjectTag, wantedTag } from '../subject-etag.ts';

const COLLECTIONS = '/v1/collections';
const COLLECTION = '/v1/collections/{collection}';
const SUBJECTS = '/v1/collections/{collection}/subjects';
const SUBJECT = '/v1/collections/{collection}/subjects/{subject}';

export function collectionsRouter(deps: PeopleDeps): Router {
  // Strict: an address that ends where a name should be means nothing, and not the list above it.
  const router = Router({ strict: true });
  const read = (handler: Handler) => peopleEndpoint(deps, 'people:read', (req, res) => handler(req, res, deps));
  const write = (handler: Handler) =>
    peopleEndpoint(deps, 'people:write', (req, res) => {
      refuseWhenClosing(deps);
      return handler(req, res, deps);
    });
  addEndpoints(router, '/collections', { get: read(listCollections), post: write(createCollection) });
  addEndpoints(router, '/collections/:collection', { get: read(getCollection), delete: write(deleteCollection) });
  addEndpoints(router, '/collections/:collection/subjects', { get: read(listSubjects), post: write(createSubject) });
  addEndpoints(router, '/collections/:collection/subjects/:subject', {
    get: read(getSubject),
    patch: write(changeSubject),
    delete: write(deleteSubject),
  });
  return router;
}

type Handler = (req: Request, res: Response, deps: PeopleDeps) => Promise<void>;

const listCollections: Handler = async (req, res, deps) => {
  const list = [COLLECTIONS];
  const paging = readPaging(readQuery(COLLECTIONS, req.url, ['limit', 'cursor']), list);
  const answer = await withDeadline(res, deps, () => deps.people.collections(paging));
  sendJson(res, { ...answer, next_cursor: sealCursor(answer.next_cursor, list) });
};

const createCollection: Handler = async (req, res, deps) => {
  readQuery(COLLECTIONS, req.url, []);
  const made = await withDeadline(res, deps, async (signal) => {
    const { name } = await readStrictJson(req, res, createCollectionSchema, signal);
    return recorded(deps, req, 'people.create_collection', name, () => deps.people.createCollection(name));
  });
  res.setHeader('Location', `/v1/collections/${encodeURIComponent(made.name)}`);
  sendJson(res, made, 201);
};

const getCollection: Handler = async (req, res, deps) => {
  readQuery(COLLECTION, req.url, []);
  const collection = collectionPart(req);
  sendJson(res, await withDeadline(res, deps, () => deps.people.collection(collection)));
};

/** 204 when it is erased. Later than its deadline it is 202 if it is durable; if it is not begun it is withdrawn. */
const deleteCollection: Handler = async (req, res, deps) => {
  readQuery(COLLECTION, req.url, []);
  const collection = collectionPart(req);
  let isDurable = false;
  const work = async (deadline: AbortSignal): Promise<void> => {
    const withdrawal = new AbortController();
    // Whoever goes without an answer has asked for it all the same.
    onAbort(deadline, (reason) => {
      if (reason !== CLIENT_GONE) withdrawal.abort(reason);
    });
    const { promise: kept, resolve: keep } = Promise.withResolvers<void>();
    const onDurable = (): void => {
      isDurable = true;
      keep();
    };
    const erased = deps.people.deleteCollection(collection, { signal: withdrawal.signal, onDurable });
    // Written down when it is certain, and not minutes later.
    await recorded(deps, req, 'people.delete_collection', collection, () => Promise.race([kept, erased]));
    await erased;
  };
  try {
    await withDeadline(res, deps, work);
  } catch (error) {
    // What fails then is tried again, by the next opening at the latest.
    if (!isDurable || error === CLIENT_GONE) throw error;
    res.setHeader('Location', '/v1/people');
    sendJson(res, { name: collection, state: 'erasing' } satisfies z.infer<typeof erasingSchema>, 202);
    return;
  }
  res.status(204).end();
};

const listSubjects: Handler = async (req, res, deps) => {
  const collection = collectionPart(req);
  const { find, ...given } = readQuery(SUBJECTS, req.url, ['limit', 'cursor', 'find']);
  const list = [SUBJECTS, collection, find ?? ''];
  const paging = readPaging(given, list);
  const wanted = find === undefined || find === '' ? undefined : readFind(find);
  const answer = await withDeadline(res, deps, () => deps.people.subjects(collection, { ...paging, find: wanted }));
  sendJson(res, { ...answer, next_cursor: sealCursor(answer.next_cursor, list) });
};

const MAX_FIND = 200;

function readFind(text: string): string {
  if (text.length <= MAX_FIND) return text.normalize('NFC');
  throw new FacepoolError('invalid_argument', `Option find may have ${MAX_FIND} characters at most.`, {
    param: 'find',
  });
}

const createSubject: Handler = async (req, res, deps) => {
  readQuery(SUBJECTS, req.url, []);
  const collection = collectionPart(req);
  const made = await withDeadline(res, deps, async (signal) => {
    const { subject, metadata } = await readStrictJson(req, res, createSubjectSchema, signal);
    const work = () => deps.people.createSubject(collection, addressable(subject), metadata);
    const about = ({ id }: { readonly id: string }) => ({ target: `${collection}/${id}` });
    return recorded(deps, req, 'people.create_subject', collection, work, about);
  });
  res.setHeader('Location', addressOf(collection, made.subject));
  setSubjectTag(res, made);
  sendJson(res, made, 201);
};

const getSubject: Handler = async (req, res, deps) => {
  readQuery(SUBJECT, req.url, []);
  const [collection, subject] = [collectionPart(req), subjectPart(req)];
  const found = await withDeadline(res, deps, () => deps.people.subject(collection, subject));
  setSubjectTag(res, found);
  sendJson(res, found);
};

/** A rename, other metadata, or both; with `merge` two subjects become one. */
const changeSubject: Handler = async (req, res, deps) => {
  readQuery(SUBJECT, req.url, []);
  const [collection, subject] = [collectionPart(req), subjectPart(req)];
  const expected = wantedTag(req);
  const changed = await withDeadline(res, deps, async (signal) => {
    const change = await readStrictJson(req, res, changeSubjectSchema, signal);
    if (change.subject !== undefined) addressable(change.subject);
    if (change.subject === undefined && change.metadata === undefined) {
      const param = change.merge ? 'merge' : 'subject';
      throw new FacepoolError('invalid_argument', 'Nothing to change: send "subject" or "metadata".', { param });
    }
    return recorded(
      deps,
      req,
      change.merge ? 'people.merge' : 'people.change',
      await targetOf(deps, collection, subject),
      () => deps.people.changeSubject(collection, subject, change, expected),
      ({ id }) => (change.merge ? { into: `${collection}/${id}` } : {}),
    );
  });
  res.setHeader('Location', addressOf(collection, changed.subject));
  setSubjectTag(res, changed);
  sendJson(res, changed);
};

const deleteSubject: Handler = async (req, res, deps) => {
  readQuery(SUBJECT, req.url, []);
  const [collection, subject] = [collectionPart(req), subjectPart(req)];
  const expected = wantedTag(req);
  const gone = await withDeadline(res, deps, async () =>
    recorded(
      deps,
      req,
      'people.delete',
      await targetOf(deps, collection, subject),
      () => deps.people.deleteSubject(collection, subject, expected),
      ({ faces }) => ({ faces }),
    ),
  );
  sendJson(res, gone);
};

/** What the audit log calls it; the collection where there is nobody of that name, as the change will say. */
async function targetOf({ people }: PeopleDeps, collection: string, subject: string): Promise<string> {
  try {
    return `${collection}/${(await people.subject(collection, subject)).id}`;
  } catch {
    return collection;
  }
}

function addressOf(collection: string, subject: string): string {
  return `/v1/collections/${encodeURIComponent(collection)}/subjects/${encodeURIComponent(subject)}`;
}
