/** People in memory behind the real routes: enough of a gallery for commands that list, enrol, change and delete. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { Collection, Paging, People, StoredFace, Subject } from '../../../src/contract/people.ts';
import { expectTag } from '../../../src/gallery/subject-tag.ts';
import type { EnrolRequest } from '../../../src/contract/services.ts';
import { fakePeople, STATUS, storedFace, subject } from '../../http/support/people.ts';
import { enrolAnswer } from '../../http/support/server.ts';
import { type FakeServer, type FakeServerOptions, fakeServer } from './server.ts';

export type MemoryPeople = {
  readonly people: People;
  readonly subjects: Map<string, Subject>;
  readonly faces: StoredFace[];
  /** How often each picture came, by its text. */
  readonly sent: Map<string, number>;
  /** Of a picture whose text says what is wrong with it: `none`, `small`, `broken`, `busy`. */
  readonly enrol: (request: EnrolRequest) => Promise<ReturnType<typeof enrolAnswer>>;
};

function page<T>(all: readonly T[], { limit, cursor }: Paging): { readonly items: T[]; readonly next: string | null } {
  const from = Number(cursor ?? 0);
  const to = from + limit;
  return { items: all.slice(from, to), next: to < all.length ? String(to) : null };
}

const nobody = (): never => {
  throw new FacepoolError('not_found', 'there is no such subject in "default"', { param: 'subject' });
};

/** @param collections there is nothing in any but the first one */
export function memoryPeople(collections: string[] = ['default']): MemoryPeople {
  const subjects = new Map<string, Subject>();
  const faces: StoredFace[] = [];
  const sent = new Map<string, number>();
  const counted = (name: string): Subject => {
    const found = subjects.get(name) ?? nobody();
    return { ...found, faces: faces.filter((face) => face.subject === name).length };
  };
  const tell = (name: string): Collection => {
    if (!collections.includes(name)) throw new FacepoolError('not_found', `there is no collection "${name}"`);
    const { created_at, updated_at } = subject('');
    const isFirst = name === collections[0];
    const counts = { subjects: isFirst ? subjects.size : 0, faces: isFirst ? faces.length : 0 };
    return { name, space: 'omz-0095', also: [], ...counts, created_at, updated_at };
  };
  const drop = (which: (face: StoredFace) => boolean): void => {
    for (let i = faces.length - 1; i >= 0; i -= 1) if (which(faces[i] ?? nobody())) faces.splice(i, 1);
  };
  const people = fakePeople({
    status: () => ({ ...STATUS, collections: collections.length, subjects: subjects.size, faces: faces.length }),
    collections: async (paging) => {
      const { items, next } = page(collections, paging);
      return { collections: items.map(tell), next_cursor: next };
    },
    collection: async (name) => tell(name),
    createCollection: async (name) => {
      if (collections.includes(name)) throw new FacepoolError('conflict', `there is a collection "${name}" already`);
      collections.push(name);
      return tell(name);
    },
    deleteCollection: async (name) => void collections.splice(collections.indexOf(tell(name).name), 1),
    subjects: async (name, { find = '', ...paging }) => {
      const all = tell(name).subjects === 0 ? [] : [...subjects.keys()].sort();
      const { items, next } = page(
        all.filter((one) => one.toLowerCase().includes(find.toLowerCase())),
        paging,
      );
      return { subjects: items.map(counted), next_cursor: next };
    },
    subject: async (_, name) => counted(name),
    changeSubject: async (_, name, { subject: to = name, merge, metadata }, expected) => {
      const before = counted(name);
      expectTag(before, expected);
      if (to !== name && subjects.has(to) && !merge) {
        throw new FacepoolError('conflict', 'that name is taken', { param: 'subject' });
      }
      subjects.delete(name);
      subjects.set(to, { ...before, subject: to, metadata: metadata ?? before.metadata });
      for (const [i, face] of faces.entries()) if (face.subject === name) faces[i] = { ...face, subject: to };
      return counted(to);
    },
    deleteSubject: async (_, name) => {
      const found = counted(name);
      subjects.delete(name);
      drop((face) => face.subject === name);
      return found;
    },
    faces: async (name, { subject: who, ...paging }) => {
      tell(name);
      const { items, next } = page(
        faces.filter((face) => who === undefined || face.subject === who),
        paging,
      );
      return { faces: items, next_cursor: next };
    },
    face: async (_, id) => faces.find((face) => face.face_id === id) ?? nobody(),
    deleteFace: async (_, id) => {
      const found = faces.find((face) => face.face_id === id) ?? nobody();
      drop((face) => face.face_id === id);
      return found;
    },
  });
  const enrol = async (request: EnrolRequest) => {
    tell(request.collection);
    const text = Buffer.from(request.image).toString();
    const times = (sent.get(text) ?? 0) + 1;
    sent.set(text, times);
    refuse(text, times);
    const digest = createHash('sha256').update(request.image).digest('hex');
    const known = faces.find((face) => face.subject === request.subject && face.digest === digest);
    const answer = enrolAnswer(request);
    if (known !== undefined) return { ...answer, created: false, face: known };
    const id = `01FACE${String(faces.length).padStart(20, '0')}`;
    const face = storedFace({ face_id: id, subject: request.subject, digest });
    faces.push(face);
    if (!subjects.has(request.subject)) subjects.set(request.subject, subject(request.subject));
    const warnings = text.startsWith('warned') ? [{ code: 'spoof_detected' as const, detail: 'it is not live' }] : [];
    return { ...answer, created: true, face, warnings };
  };
  return { people, subjects, faces, sent, enrol };
}

function refuse(text: string, times: number): void {
  if (text.startsWith('none')) throw new FacepoolError('no_face', 'there is no face');
  if (text.startsWith('small')) {
    const reasons = [
      { code: 'face_too_small', detail: 'the face has 31 pixels; 40 are needed' },
      { code: 'ood_rejected', detail: 'it is no clear face' },
    ];
    throw new FacepoolError('face_too_small', 'the face has 31 pixels; 40 are needed', { reasons });
  }
  if (text.startsWith('broken')) throw new FacepoolError('internal', 'something');
  if (text.startsWith('busy') && times === 1) throw new FacepoolError('queue_full', 'busy', { retryAfterS: 7 });
  if (text.startsWith('full')) throw new FacepoolError('storage_full', 'the disk is full');
}

/** A server with them. */
export async function peopleServer(
  t: TestContext,
  options: FakeServerOptions & { readonly collections?: string[] } = {},
): Promise<FakeServer & MemoryPeople> {
  const memory = memoryPeople(options.collections);
  const server = await fakeServer(t, { people: memory.people, enrol: memory.enrol, ...options });
  return { ...server, ...memory };
}

/** Writes files whose bytes are `<first word of the name> <whole name>`. @returns their names */
export function pictures(dir: string, ...names: string[]): string[] {
  for (const name of names) writeFileSync(path.join(dir, name), `${path.basename(name).split(/[-.]/)[0]} ${name}`);
  return names;
}
