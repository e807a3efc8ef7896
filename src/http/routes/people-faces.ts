/** Enrolled faces of a collection, and the pictures that are kept of them. Mounted under `/v1` only. */
import { type Request, type Response, Router } from 'express';
import { FacepoolError } from '../../contract/errors.ts';
import { refuseWhenClosing } from '../changes.ts';
import { enrol } from '../enrol.ts';
import { imageType } from '../image-type.ts';
import { readPaging, sealCursor } from '../paging.ts';
import { inPlace, Places } from '../places.ts';
import {
  collectionPart,
  faceIdPart,
  type PeopleDeps,
  peopleEndpoint,
  recorded,
  subjectOf,
  withDeadline,
} from '../people-request.ts';
import { addEndpoints } from '../route.ts';
import { piecesOf, sendBytes } from '../send-chunks.ts';
import { sendJson } from '../send.ts';
import { readQuery } from '../strict-query.ts';

const FACES = '/v1/collections/{collection}/faces';
const FACE = '/v1/collections/{collection}/faces/{id}';
const IMAGE = '/v1/collections/{collection}/faces/{id}/image';

/** Pictures that are sent at the same time: each lies in memory until its reader has it. */
export const MAX_IMAGES = 32;
/** To one key or address; a browser asks for six. */
export const MAX_IMAGES_EACH = 16;

export function peopleFacesRouter(deps: PeopleDeps): Router {
  const router = Router({ strict: true });
  const places = new Places({ total: MAX_IMAGES, each: MAX_IMAGES_EACH, doing: 'look at pictures', retryAfterS: 1 });
  addEndpoints(router, '/collections/:collection/faces', {
    get: peopleEndpoint(deps, 'people:read', (req, res) => listFaces(req, res, deps)),
    post: peopleEndpoint(deps, 'people:write', (req, res) => enrol(req, res, deps), 'enrol'),
  });
  addEndpoints(router, '/collections/:collection/faces/:id', {
    get: peopleEndpoint(deps, 'people:read', (req, res) => getFace(req, res, deps)),
    delete: peopleEndpoint(deps, 'people:write', (req, res) => deleteFace(req, res, deps)),
  });
  addEndpoints(router, '/collections/:collection/faces/:id/image', {
    get: peopleEndpoint(deps, 'people:read', (req, res) => sendImage(req, res, deps, places)),
  });
  return router;
}

async function listFaces(req: Request, res: Response, deps: PeopleDeps): Promise<void> {
  const collection = collectionPart(req);
  const { subject: text, ...given } = readQuery(FACES, req.url, ['limit', 'cursor', 'subject']);
  const subject = text === undefined ? undefined : subjectOf(text);
  const list = [FACES, collection, subject ?? ''];
  const paging = readPaging(given, list);
  const answer = await withDeadline(res, deps, () => deps.people.faces(collection, { ...paging, subject }));
  sendJson(res, { ...answer, next_cursor: sealCursor(answer.next_cursor, list) });
}

async function getFace(req: Request, res: Response, deps: PeopleDeps): Promise<void> {
  readQuery(FACE, req.url, []);
  const [collection, id] = [collectionPart(req), faceIdPart(req)];
  sendJson(res, await withDeadline(res, deps, () => deps.people.face(collection, id)));
}

async function deleteFace(req: Request, res: Response, deps: PeopleDeps): Promise<void> {
  readQuery(FACE, req.url, []);
  refuseWhenClosing(deps);
  const [collection, id] = [collectionPart(req), faceIdPart(req)];
  const work = () => deps.people.deleteFace(collection, id);
  sendJson(
    res,
    await withDeadline(res, deps, () => recorded(deps, req, 'people.delete_face', `${collection}/${id}`, work)),
  );
}

/** It was a stranger's upload: its type is what its bytes are, and never a page. */
function sendImage(req: Request, res: Response, deps: PeopleDeps, places: Places): Promise<void> {
  const { what: given = 'crop' } = readQuery(IMAGE, req.url, ['what']);
  const what = readWhat(given);
  const [collection, id] = [collectionPart(req), faceIdPart(req)];
  return inPlace(places, req, async (during) => {
    const bytes = await withDeadline(res, deps, () =>
      during(
        recorded(
          deps,
          req,
          'people.image',
          `${collection}/${id}`,
          () => deps.people.faceImage(collection, id, what),
          () => ({ what }),
        ),
      ),
    );
    const { type, extension } = imageType(bytes);
    res.setHeader('Content-Type', type ?? 'application/octet-stream');
    res.setHeader('Content-Length', String(bytes.length));
    const disposition = type === null ? 'attachment' : 'inline';
    res.setHeader('Content-Disposition', `${disposition}; filename="${id}-${what}.${extension}"`);
    res.setHeader('Cache-Control', 'private, no-store');
    await sendBytes(res, deps.clock, req.method === 'HEAD' ? [] : piecesOf(bytes));
  });
}

function readWhat(text: string): 'crop' | 'original' {
  if (text === 'crop' || text === 'original') return text;
  throw new FacepoolError('invalid_argument', 'Option what must be crop or original.', { param: 'what' });
}
