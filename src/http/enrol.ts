/** Enrolling a face: by a picture, which goes through the whole pipeline, or by an embedding, which only administrators may. */
import type { Request, Response } from 'express';
import { callerOf } from '../auth/caller.ts';
import { FacepoolError } from '../contract/errors.ts';
import type { OptionName, RequestOptions } from '../contract/options.ts';
import type { EnrolAnswer } from '../contract/people.ts';
import type { RequestContext } from '../contract/services.ts';
import type { EnrolmentResult } from '../telemetry/metrics/people-metrics.ts';
import { ONE_PICTURE } from './body/slots.ts';
import { EMBEDDING_MEMBER, readEmbedding, refuseBesides } from './embedding-body.ts';
import { mayAlso } from './gate.ts';
import { addressable, collectionPart, type PeopleDeps, recorded } from './people-request.ts';
import { answerPictures, pictureAt } from './picture-request.ts';
import { sendJson } from './send.ts';

/** Those that say something of an embedding. */
export const EMBEDDING_ENROL_OPTIONS: readonly OptionName[] = ['subject', 'timeout_ms'];

/** `POST /collections/{c}/faces`: 201 with `Location`, or 200 where the picture was enrolled before. */
export async function enrol(req: Request, res: Response, deps: PeopleDeps): Promise<void> {
  const { control, settings, memory } = deps;
  const collection = collectionPart(req);
  const answer = await answerPictures(
    req,
    res,
    { control, limits: settings.limits, memory },
    {
      name: 'enrol',
      slots: ONE_PICTURE,
      instead: EMBEDDING_MEMBER,
      early: ({ subject }) => {
        if (subject !== undefined) addressable(subject);
      },
      run: async (context, upload) => {
        const subject = wanted(context.options);
        if (upload.instead === undefined) {
          return enrolPicture(req, deps, collection, subject, context, pictureAt(upload));
        }
        return enrolEmbedding(req, res, deps, collection, subject, context, upload.instead);
      },
    },
  );
  if (answer.created) {
    const path = [collection, answer.face.face_id].map(encodeURIComponent).join('/faces/');
    res.setHeader('Location', `/v1/collections/${path}`);
  }
  sendJson(res, answer, answer.created ? 201 : 200);
}

function wanted({ subject }: RequestOptions): string {
  if (subject !== undefined) return addressable(subject);
  throw new FacepoolError('invalid_argument', 'Who is it? Send the option subject: ?subject=<name>.', {
    param: 'subject',
  });
}

function enrolPicture(
  req: Request,
  deps: PeopleDeps,
  collection: string,
  subject: string,
  context: RequestContext,
  image: Buffer,
): Promise<EnrolAnswer> {
  const canName = mayAlso(req, 'people:read');
  return recorded(
    deps,
    req,
    'people.enrol',
    collection,
    () => deps.pipeline.enrol({ ...context, image, collection, subject, canName }),
    ({ face, created }) => ({ target: `${collection}/${face.face_id}`, created: created ? 'yes' : 'known' }),
  );
}

/** Nothing of it was checked by the pipeline, so it is not for everybody who may enrol. */
function enrolEmbedding(
  req: Request,
  res: Response,
  deps: PeopleDeps,
  collection: string,
  subject: string,
  { requestId, options }: RequestContext,
  value: unknown,
): Promise<EnrolAnswer> {
  refuseUnlessAdmin(req, res, deps);
  refuseBesides(options, EMBEDDING_ENROL_OPTIONS);
  const embedding = readEmbedding(value);
  const began = performance.now();
  return recorded(
    deps,
    req,
    'people.enrol_embedding',
    collection,
    async () => {
      const face = await counted(deps, () => deps.people.addEmbedding(collection, subject, embedding));
      const none = { image: null, quality: null, ood: null, liveness: null, warnings: [], models: {} };
      const total = Math.round((performance.now() - began) * 10) / 10;
      return { request_id: requestId, created: true, face, ...none, timings_ms: { total } };
    },
    ({ face }) => ({ target: `${collection}/${face.face_id}` }),
  );
}

/** Pictures are counted by the pipeline. */
async function counted<T>({ metrics }: PeopleDeps, add: () => Promise<T>): Promise<T> {
  let result: EnrolmentResult = 'failed';
  try {
    const added = await add();
    result = 'created';
    return added;
  } finally {
    metrics.peopleEnrolments.inc({ result });
  }
}

/** @throws FacepoolError `forbidden`, `unauthorized` */
function refuseUnlessAdmin(req: Request, res: Response, { gate, settings }: PeopleDeps): void {
  if (!settings.admin.http && callerOf(req)?.kind !== 'socket') {
    const where = 'on the admin socket, and here where admin.http is set';
    throw new FacepoolError('forbidden', `Embeddings are enrolled ${where}: nothing of them can be checked.`, {
      param: EMBEDDING_MEMBER,
    });
  }
  // It throws for who is none; where keys are not asked for nobody has looked at one yet.
  if (!mayAlso(req, 'admin')) gate('admin')(req, res, () => undefined);
}
