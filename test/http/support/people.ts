/** People who remember what they were asked and do what a test says. */
import { FacepoolError } from '../../../src/contract/errors.ts';
import type {
  Collection,
  People,
  PeopleCheck,
  PeopleStatus,
  StoredFace,
  Subject,
} from '../../../src/contract/people.ts';
import type { ExportLine } from '../../../src/contract/people-export.ts';
import type { Reembed, Reembedding } from '../../../src/contract/reembed.ts';

const AT = '2026-01-01T00:00:00.000Z';
export const FACE_ID = '01FACE00000000000000000001';
export const SUBJECT_ID = '01SUBJECT00000000000000001';
/** A JPEG as far as anybody looks at it. */
export const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

export const STATUS: PeopleStatus = {
  state: 'ready',
  detail: '',
  collections: 1,
  subjects: 3,
  faces: 4,
  store_bytes: 4096,
  index_bytes: 1024,
  store_images: 'crops',
  encrypted: true,
  retention_days: 0,
  min_margin: 0,
  erasing: 0,
  mismatch: null,
};

export const CHECK: PeopleCheck = { ok: true, faults: [], collections: 1, subjects: 3, faces: 4, ms: 12 };

export const REEMBED: Reembed = {
  model: 'recognizer',
  version: 'other',
  from: 'omz-0095',
  to: 'other-512',
  state: 'running',
  done: 1,
  total: 4,
  missing: [],
  detail: '',
  started_at: AT,
  ended_at: null,
};

export function collection(name = 'default'): Collection {
  return { name, space: 'omz-0095', also: [], subjects: 3, faces: 4, created_at: AT, updated_at: AT };
}

export function subject(name: string, over: Partial<Subject> = {}): Subject {
  return { subject: name, id: SUBJECT_ID, metadata: {}, faces: 2, created_at: AT, updated_at: AT, ...over };
}

export function storedFace(over: Partial<StoredFace> = {}): StoredFace {
  return {
    face_id: FACE_ID,
    subject: 'Anna',
    space: 'omz-0095',
    source: 'picture',
    digest: 'ab'.repeat(32),
    box: { x_min: 1, y_min: 2, x_max: 30, y_max: 40 },
    det_score: 0.9,
    quality: 0.8,
    ood: 0.8,
    liveness: null,
    crop: true,
    original: false,
    created_at: AT,
    ...over,
  };
}

export function exportLine(name: string): ExportLine {
  const face = { face_id: FACE_ID, space: 'omz-0095', digest: null, created_at: AT, embedding: 'AACAPw==' };
  return { collection: 'default', subject: name, metadata: {}, faces: [face] };
}

export type FakePeople = People & {
  /** Method and arguments, signals left out: `["subject", "default", "Anna"]`. */
  readonly calls: unknown[][];
};

/** Answers whatever is asked; `over` takes the place of single methods. The collection `nobody` is not there. */
export function fakePeople(over: Partial<People> = {}): FakePeople {
  const calls: unknown[][] = [];
  const asked = (method: string, name: string, ...more: unknown[]): void => {
    calls.push([method, name, ...more]);
    if (name !== 'nobody') return;
    throw new FacepoolError('not_found', 'there is no collection "nobody"', { param: 'collection' });
  };
  const people: People = {
    status: () => STATUS,
    collections: async (paging) => {
      calls.push(['collections', paging]);
      return { collections: [collection()], next_cursor: 'default' };
    },
    collection: async (name) => {
      asked('collection', name);
      return collection(name);
    },
    createCollection: async (name) => {
      asked('createCollection', name);
      return collection(name);
    },
    deleteCollection: async (name) => asked('deleteCollection', name),
    subjects: async (name, paging) => {
      asked('subjects', name, paging);
      return { subjects: [subject('Anna')], next_cursor: 'Anna' };
    },
    subject: async (name, who) => {
      asked('subject', name, who);
      return subject(who);
    },
    createSubject: async (name, who, metadata) => {
      asked('createSubject', name, who, metadata);
      return subject(who, { metadata, faces: 0 });
    },
    changeSubject: async (name, who, change, expected) => {
      asked('changeSubject', name, who, change, ...(expected === undefined ? [] : [expected]));
      return subject(change.subject ?? who, { metadata: change.metadata ?? {} });
    },
    deleteSubject: async (name, who, expected) => {
      asked('deleteSubject', name, who, ...(expected === undefined ? [] : [expected]));
      return subject(who);
    },
    faces: async (name, paging) => {
      asked('faces', name, paging);
      return { faces: [storedFace()], next_cursor: null };
    },
    face: async (name, id) => {
      asked('face', name, id);
      return storedFace({ face_id: id });
    },
    faceImage: async (name, id, what) => {
      asked('faceImage', name, id, what);
      return JPEG;
    },
    deleteFace: async (name, id) => {
      asked('deleteFace', name, id);
      return storedFace({ face_id: id });
    },
    addEmbedding: async (name, who, embedding) => {
      asked('addEmbedding', name, who, embedding);
      return storedFace({ subject: who, source: 'embedding', digest: null, box: null });
    },
    export: async function* (name) {
      asked('export', name);
      for (const who of ['Anna', 'Bo']) yield exportLine(who);
    },
    backup: async () => {
      throw new FacepoolError('people_unavailable', 'this test makes no backup');
    },
    restore: async (file) => {
      calls.push(['restore', file]);
      return CHECK;
    },
    check: async () => {
      calls.push(['check']);
      return CHECK;
    },
    ...over,
  };
  return { ...people, calls };
}

export function fakeReembedding(now: Reembed | null = null): Reembedding & { readonly calls: unknown[] } {
  const calls: unknown[] = [];
  let state = now;
  return {
    calls,
    start: async (request) => {
      calls.push(request);
      state = { ...REEMBED, ...request };
      return state;
    },
    status: () => state,
    cancel: async () => {
      calls.push('cancel');
      if (state !== null) state = { ...state, state: 'cancelled', ended_at: AT };
      return state;
    },
  };
}
