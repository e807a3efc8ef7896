/** People in memory, as many as a test wants, and an enrolment that does what the picture's last line says. */
import { createHash } from 'node:crypto';
import { FacepoolError } from '../../../src/contract/errors.ts';
import {
  type Collection,
  DEFAULT_COLLECTION,
  type EnrolAnswer,
  type People,
  type PeopleStatus,
  REFUSALS,
  type Refusal,
  type StoredFace,
  type Subject,
} from '../../../src/contract/people.ts';
import type { EnrolRequest, Pipeline } from '../../../src/contract/services.ts';
import { expectTag } from '../../../src/gallery/subject-tag.ts';

const SPACE = 'omz-0095';

type Person = Omit<Subject, 'faces'> & { readonly faces: StoredFace[] };

export type MadeUpPeople = {
  readonly people: People;
  readonly enrol: Pipeline['enrol'];
  /** What was changed, in order: `enrol staff/Anna`. */
  readonly changes: string[];
  /** What `If-Match` of each change and deletion of a person said; also of those that were refused. */
  readonly tags: (string | undefined)[];
  /** The options of each enrolment. */
  readonly options: EnrolRequest['options'][];
  readonly set: (over: Partial<PeopleStatus>) => void;
  /** What the next calls of the store or of an enrolment are refused with; null: nothing. */
  readonly fail: (error: FacepoolError | null) => void;
  /** From now on collections are deleted so: `late`, as where the disk takes longer than a request may; or when `release` says so. */
  readonly delete: (how: 'late' | 'wait') => void;
  readonly put: (collection: string, subject: string, over?: Partial<Person>) => Person;
  readonly face: (over?: Partial<StoredFace>) => StoredFace;
  /** Lets the enrolments and deletions go on that were told to wait. */
  readonly release: () => void;
  readonly waiting: () => number;
  /** Of enrolments at the same time. */
  readonly most: () => number;
};

/** A picture that the enrolment answers so: `refuse no_face`, `warn ood_rejected`, `busy`, `break`, `wait`. */
export function orderPicture(picture: Buffer, order: string): Buffer {
  return Buffer.concat([picture, Buffer.from(`\n${order}`)]);
}

const DETAILS: Readonly<Record<Refusal, string>> = {
  no_face: 'the detector found none',
  too_many_faces: 'there are 3 faces',
  face_too_small: 'its shorter side is 24 pixels, at least 40 are needed',
  ood_rejected: 'an OOD score of 0.11, at least 0.25 is needed',
  spoof_detected: 'live with 0.04, at least 0.5 is needed',
  looks_like_other: 'it is like Bert with a cosine of 0.61',
};
export const CROP = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

export function madeUpPeople(over: Partial<PeopleStatus> = {}): MadeUpPeople {
  let [wanted, failure, count, running, most] = [over, null as FacepoolError | null, 0, 0, 0];
  const collections = new Map<string, Map<string, Person>>();
  const changes: string[] = [];
  const tags: (string | undefined)[] = [];
  const options: EnrolRequest['options'][] = [];
  let deletion: 'at once' | 'late' | 'wait' = 'at once';
  const busy = new Set<string>();
  let held: (() => void)[] = [];
  const now = (): string => new Date().toISOString();
  const id = (): string => `01JD${String((count += 1)).padStart(22, '0')}`;

  const inside = (collection: string): Map<string, Person> => {
    if (failure !== null) throw failure;
    // It is there as soon as it is asked for.
    if (collection === DEFAULT_COLLECTION && !collections.has(collection)) collections.set(collection, new Map());
    const people = collections.get(collection);
    if (people === undefined) throw new FacepoolError('not_found', `There is no collection ${collection}.`);
    return people;
  };
  const one = (collection: string, subject: string): Person => {
    const person = inside(collection).get(subject);
    if (person === undefined) throw new FacepoolError('not_found', 'There is no such subject.');
    return person;
  };
  const told = ({ faces, ...person }: Person): Subject => ({ ...person, faces: faces.length });
  const tell = (name: string): Collection => {
    const faces = [...inside(name).values()].reduce((sum, person) => sum + person.faces.length, 0);
    const subjects = inside(name).size;
    return {
      ...{ name, also: [], subjects, faces },
      space: faces > 0 ? SPACE : null,
      created_at: now(),
      updated_at: now(),
    };
  };
  const face = (more: Partial<StoredFace> = {}): StoredFace => ({
    ...{ face_id: id(), subject: '', space: SPACE, source: 'picture', digest: null, created_at: now() },
    ...{
      box: { x_min: 10, y_min: 10, x_max: 110, y_max: 140 },
      det_score: 0.98,
      quality: 0.81,
      ood: 0.74,
      liveness: 0.97,
    },
    ...{ crop: false, original: false },
    ...more,
  });
  const put: MadeUpPeople['put'] = (collection, subject, more = {}) => {
    const people = collections.get(collection) ?? new Map<string, Person>();
    collections.set(collection, people);
    const { faces = [face({ subject })], ...rest } = more;
    const person = { ...{ subject, id: id(), metadata: {}, created_at: now(), updated_at: now() }, ...rest, faces };
    people.set(subject, person);
    return person;
  };
  const page = <T>(all: readonly T[], limit: number, cursor: string | null) => {
    const from = Number(cursor ?? 0);
    return {
      part: all.slice(from, from + limit),
      next_cursor: from + limit < all.length ? String(from + limit) : null,
    };
  };
  const faceAt = (collection: string, faceId: string) => {
    for (const person of inside(collection).values()) {
      const found = person.faces.find((each) => each.face_id === faceId);
      if (found !== undefined) return { person, found };
    }
    throw new FacepoolError('not_found', 'There is no such face.');
  };
  const none = () => Promise.reject(new FacepoolError('not_found', 'not here'));

  const people: People = {
    status() {
      const all = [...collections.values()].flatMap((each) => [...each.values()]);
      const faces = all.reduce((sum, person) => sum + person.faces.length, 0);
      return {
        ...{ state: faces === 0 ? 'empty' : 'ready', detail: '', collections: collections.size, subjects: all.length },
        ...{ faces, store_bytes: 262_144 + 2048 * faces, index_bytes: 1024 * faces, store_images: 'never' },
        ...{ encrypted: false, retention_days: 0, min_margin: 0.05, erasing: 0, mismatch: null },
        ...wanted,
      };
    },
    async collections({ limit, cursor }) {
      const { part, next_cursor } = page([...collections.keys()].sort(), limit, cursor);
      if (failure !== null) throw failure;
      return { collections: part.map(tell), next_cursor };
    },
    collection: async (name) => tell(name),
    async createCollection(name) {
      if (collections.has(name)) throw new FacepoolError('conflict', `There is a collection ${name} already.`);
      collections.set(name, new Map());
      changes.push(`create ${name}`);
      return tell(name);
    },
    async deleteCollection(name, watch) {
      inside(name);
      collections.delete(name);
      changes.push(`delete ${name}`);
      if (deletion === 'at once') return;
      wanted = { ...wanted, erasing: (wanted.erasing ?? 0) + 1 };
      watch?.onDurable?.();
      if (deletion === 'wait') await new Promise<void>((resolve) => held.push(resolve));
      else throw new FacepoolError('deadline_exceeded', 'as the HTTP layer says it of its own');
      wanted = { ...wanted, erasing: (wanted.erasing ?? 0) - 1 };
    },
    async subjects(collection, { limit, cursor, find }) {
      const all = [...inside(collection).values()]
        .filter(({ subject }) => subject.toLowerCase().includes((find ?? '').toLowerCase()))
        .sort((a, b) => (a.subject < b.subject ? -1 : 1));
      const { part, next_cursor } = page(all, limit, cursor);
      return { subjects: part.map(told), next_cursor };
    },
    subject: async (collection, subject) => told(one(collection, subject)),
    createSubject: async (collection, subject, metadata) => told(put(collection, subject, { metadata, faces: [] })),
    async changeSubject(collection, subject, { subject: name = subject, merge, metadata }, expected) {
      tags.push(expected);
      const [old, other] = [one(collection, subject), inside(collection).get(name)];
      expectTag(told(old), expected);
      if (name !== subject && other !== undefined && !merge)
        throw new FacepoolError('conflict', `There is a subject of that name already; merge: true makes both one.`);
      changes.push(`${name === subject ? 'change' : merge ? 'merge' : 'rename'} ${collection}/${subject} ${name}`);
      inside(collection).delete(subject);
      const fields = { ...old.metadata, ...other?.metadata };
      const faces = [...(name === subject ? [] : (other?.faces ?? [])), ...old.faces];
      return told(put(collection, name, { ...old, ...other, subject: name, faces, metadata: metadata ?? fields }));
    },
    async deleteSubject(collection, subject, expected) {
      tags.push(expected);
      const person = one(collection, subject);
      expectTag(told(person), expected);
      inside(collection).delete(subject);
      changes.push(`delete ${collection}/${subject}`);
      return told(person);
    },
    async faces(collection, { limit, cursor, subject }) {
      const of = subject === undefined ? [...inside(collection).values()] : [one(collection, subject)];
      const { part, next_cursor } = page(
        of.flatMap((person) => person.faces),
        limit,
        cursor,
      );
      return { faces: part, next_cursor };
    },
    face: async (collection, faceId) => faceAt(collection, faceId).found,
    async faceImage(collection, faceId) {
      faceAt(collection, faceId);
      return CROP;
    },
    async deleteFace(collection, faceId) {
      const { person, found } = faceAt(collection, faceId);
      person.faces.splice(person.faces.indexOf(found), 1);
      changes.push(`delete face of ${collection}/${person.subject}`);
      return found;
    },
    addEmbedding: none,
    async *export() {},
    backup: none,
    restore: none,
    check: none,
  };

  const enrol = async (request: EnrolRequest): Promise<EnrolAnswer> => {
    const { collection, subject, requestId, image, signal } = request;
    const text = Buffer.from(image).toString('latin1');
    const order = text.slice(text.lastIndexOf('\n') + 1).split(' ');
    if (failure !== null) throw failure;
    options.push(request.options);
    if (order[0] === 'wait') {
      await new Promise<void>((resolve, reject) => {
        held.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }
    if (order[0] === 'busy' && !busy.has(text)) {
      busy.add(text);
      throw new FacepoolError('queue_full', 'The queue is full.', { retryAfterS: 1 });
    }
    if (order[0] === 'break') throw new FacepoolError('image_undecodable', 'the PNG ends too early');
    const reasons = REFUSALS.filter((code) => order.includes(code)).map((code) => ({ code, detail: DETAILS[code] }));
    const isLargest = request.options.several_faces === 'largest' && order.includes('too_many_faces');
    const [first] = reasons;
    if (order[0] === 'refuse' && first !== undefined && !isLargest)
      throw new FacepoolError(first.code, first.detail, { reasons });
    const person = collections.get(collection)?.get(subject) ?? put(collection, subject, { faces: [] });
    const digest = createHash('sha256').update(image).digest('hex');
    const known = person.faces.find((each) => each.digest === digest);
    const stored = known ?? face({ subject, digest });
    if (known === undefined) {
      person.faces.push(stored);
      changes.push(`enrol ${collection}/${subject}`);
    }
    return {
      ...{
        request_id: requestId,
        created: known === undefined,
        face: stored,
        quality: null,
        ood: null,
        liveness: null,
      },
      image: { width: 64, height: 64, format: 'png', orientation_applied: false },
      warnings: order[0] === 'warn' || isLargest ? reasons : [],
      models: {},
      timings_ms: { total: 20 },
    };
  };

  return {
    people,
    async enrol(request) {
      running += 1;
      most = Math.max(most, running);
      try {
        return await enrol(request);
      } finally {
        running -= 1;
      }
    },
    ...{ changes, tags, options, put, face },
    set(more) {
      wanted = { ...wanted, ...more };
    },
    fail(error) {
      failure = error;
    },
    delete(how) {
      deletion = how;
    },
    release() {
      for (const go of held) go();
      held = [];
    },
    waiting: () => held.length,
    most: () => most,
  };
}
