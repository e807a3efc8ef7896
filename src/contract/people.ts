/**
 * People: collections → subjects → faces, as `/v1/collections/**` tells them, and what HTTP and the pipeline ask of the
 * gallery. An embedding is a Float32Array of `dim` numbers, L2-normalised, of one `space`.
 */
import * as z from 'zod';
import { type Metadata, metadataSchema } from './metadata.ts';
import type { ExportLine } from './people-export.ts';
import { peopleMismatchSchema } from './people-mismatch.ts';
import {
  boxSchema,
  faceSchema,
  imageSchema,
  livenessSchema,
  matchSchema,
  modelsSchema,
  oodSchema,
  qualitySchema,
  timingsSchema,
} from './results.ts';

export const DEFAULT_COLLECTION = 'default';

export const collectionName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dots, dashes; at most 64');

/** Names as people write them, in NFC: "Zoë Müller". Compared exactly. */
export const subjectName = z
  .string()
  .transform((name) => name.normalize('NFC').trim())
  .pipe(
    z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\p{Cc}\p{Cs}\p{Co}\p{Cn}]*$/u, 'no control characters')
      // In a path these are not names, whatever they are encoded as: DELETE …/subjects/.. would be the collection.
      .refine((name) => name !== '.' && name !== '..', 'neither . nor ..'),
  );

const time = z.string().describe('ISO 8601');

export const collectionSchema = z.strictObject({
  name: z.string(),
  space: z.string().nullable().describe('the embedding space it is bound to; null until the first face is enrolled'),
  /** Other spaces in which all its faces are known too: made by `people reembed`. */
  also: z.array(z.string()).describe('other spaces in which all its faces are embedded too'),
  subjects: z.int(),
  faces: z.int(),
  created_at: time,
  updated_at: time,
});
export type Collection = z.infer<typeof collectionSchema>;

export const subjectSchema = z.strictObject({
  subject: z.string(),
  id: z.string().describe('does not change when the subject is renamed; what the audit log names'),
  metadata: metadataSchema,
  faces: z.int(),
  created_at: time,
  updated_at: time,
});
export type Subject = z.infer<typeof subjectSchema>;

export const storedFaceSchema = z.strictObject({
  face_id: z.string(),
  subject: z.string(),
  space: z.string(),
  source: z.enum(['picture', 'embedding']).describe('embedding: brought as numbers, nothing was checked'),
  /** Of the picture's bytes: the same picture is not enrolled twice. */
  digest: z.string().nullable().describe('sha256 of the picture, hexadecimal'),
  box: boxSchema.nullable(),
  det_score: z.number().nullable(),
  quality: z.number().nullable(),
  ood: z.number().nullable(),
  liveness: z.number().nullable(),
  crop: z.boolean().describe('a crop is kept'),
  original: z.boolean().describe('the picture is kept'),
  created_at: time,
});
export type StoredFace = z.infer<typeof storedFaceSchema>;

export const collectionsAnswerSchema = z.strictObject({
  collections: z.array(collectionSchema),
  next_cursor: z.string().nullable(),
});
export const subjectsAnswerSchema = z.strictObject({
  subjects: z.array(subjectSchema),
  next_cursor: z.string().nullable(),
});
export const facesListSchema = z.strictObject({ faces: z.array(storedFaceSchema), next_cursor: z.string().nullable() });

export const REFUSALS = [
  'no_face',
  'too_many_faces',
  'face_too_small',
  'ood_rejected',
  'spoof_detected',
  'looks_like_other',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Why an enrolment was refused; the problem document of it has all of them as `reasons`, the gravest as `code`. */
export const refusalSchema = z.strictObject({ code: z.enum(REFUSALS), detail: z.string() });
export type RefusalReason = z.infer<typeof refusalSchema>;

export const enrolAnswerSchema = z.strictObject({
  request_id: z.string(),
  created: z.boolean().describe('false: this picture of this subject was enrolled before'),
  face: storedFaceSchema,
  image: imageSchema.nullable().describe('null: an embedding was enrolled'),
  quality: qualitySchema.nullable(),
  ood: oodSchema.nullable(),
  liveness: livenessSchema.nullable(),
  /** What a policy of `report` would have refused. */
  warnings: z.array(refusalSchema),
  models: modelsSchema,
  timings_ms: timingsSchema,
});
export type EnrolAnswer = z.infer<typeof enrolAnswerSchema>;

export const embeddingInputSchema = z
  .strictObject({
    space: z.string(),
    array: z.array(z.number()).optional(),
    base64: z.string().optional().describe('float32 little-endian'),
  })
  .refine((value) => (value.array === undefined) !== (value.base64 === undefined), 'either array or base64');
export type EmbeddingInput = z.infer<typeof embeddingInputSchema>;

/** POST /search with an embedding; with a picture it takes the largest face. */
export const searchRequestSchema = z.strictObject({
  embedding: embeddingInputSchema,
  top_k: z.int().min(1).max(100).default(1),
  collection: collectionName.default(DEFAULT_COLLECTION),
  match_threshold: z.number().min(-1).max(1).optional(),
});
export const searchAnswerSchema = z.strictObject({
  request_id: z.string(),
  space: z.string(),
  matches: z.array(matchSchema),
  /** Of a picture only, as /verify tells them. */
  identity: z.string().nullable().optional(),
  face: faceSchema.optional().describe('the largest face of the picture: the one that was looked for'),
  image: imageSchema.optional(),
  models: modelsSchema.optional(),
  timings_ms: timingsSchema,
});
export type SearchAnswer = z.infer<typeof searchAnswerSchema>;

/** DELETE of a collection that takes longer than its deadline, and is durable: nobody in it is known any more, and GET /v1/people counts it. */
export const erasingSchema = z.strictObject({ name: z.string(), state: z.literal('erasing') });

export const createCollectionSchema = z.strictObject({ name: collectionName });
export const createSubjectSchema = z.strictObject({ subject: subjectName, metadata: metadataSchema.default({}) });
/** PATCH: a rename to a name that is taken is 409, unless `merge` is true: then both are one. */
export const changeSubjectSchema = z.strictObject({
  subject: subjectName.optional(),
  merge: z.boolean().default(false),
  metadata: metadataSchema.optional().describe('takes the place of the old'),
});
export type ChangeSubject = z.infer<typeof changeSubjectSchema>;

/** GET /v1/people: whether people can be asked for, and how many there are. */
export const peopleStatusSchema = z.strictObject({
  state: z.enum(['off', 'empty', 'loading', 'ready', 'failed']),
  detail: z.string().describe('why it failed, or how far it is'),
  collections: z.int(),
  subjects: z.int(),
  faces: z.int(),
  store_bytes: z.int().describe('of the file'),
  index_bytes: z.int().describe('shared memory of the search'),
  store_images: z.enum(['never', 'crops', 'originals']),
  encrypted: z.boolean(),
  retention_days: z.int().describe('0: for ever'),
  min_margin: z.number(),
  erasing: z.int().describe('deleted collections that are still being erased from the disk'),
  mismatch: peopleMismatchSchema.nullable().describe('people whom no recognizer here can be compared with'),
});
export type PeopleStatus = z.infer<typeof peopleStatusSchema>;

/** POST /v1/people/check */
export const peopleCheckSchema = z.strictObject({
  ok: z.boolean(),
  faults: z.array(z.string()),
  collections: z.int(),
  subjects: z.int(),
  faces: z.int(),
  ms: z.number(),
});
export type PeopleCheck = z.infer<typeof peopleCheckSchema>;

/** A face that is to be kept, as the pipeline or a client brings it. */
export type NewFace = {
  readonly collection: string;
  readonly subject: string;
  readonly source: 'picture' | 'embedding';
  /** By space: at least that of the collection; also every other space that the collection is known in. */
  readonly embeddings: ReadonlyMap<string, Float32Array>;
  readonly digest: string | null;
  readonly box: z.infer<typeof boxSchema> | null;
  readonly detScore: number | null;
  readonly quality: number | null;
  readonly ood: number | null;
  readonly liveness: number | null;
  /** JPEG of the face with its surroundings, and the five landmarks in its pixels; null where none is kept. */
  readonly crop: { readonly jpeg: Uint8Array; readonly landmarks: readonly (readonly [number, number])[] } | null;
  /** The upload as it came; null where none is kept. */
  readonly original: Uint8Array | null;
};

export type Hit = { readonly subject: string; readonly face_id: string; readonly cosine: number };

/** What the pipeline asks. Every method rejects with a FacepoolError only. */
export type Gallery = {
  /**
   * The nearest subjects of each embedding (one hit per subject, its nearest face), best first, at most `k`.
   * An absent default collection has nobody in it.
   * @throws FacepoolError `not_found` (collection), `space_mismatch`, `people_unavailable`
   */
  match(
    collection: string,
    space: string,
    embeddings: readonly Float32Array[],
    k: number,
    signal: AbortSignal,
  ): Promise<Hit[][]>;
  /** Spaces that a new face of the collection must be embedded in; empty: it is not bound yet, or does not exist. */
  spacesOf(collection: string): readonly string[];
  /**
   * Further spaces in which everybody is known who is known in this one: while people are embedded anew, and until no
   * rollback goes back. A collection that is not bound yet is bound in them too, so that it does not stand in the way.
   */
  spacesBeside(space: string): readonly string[];
  /** The face with that digest of that subject, if there is one. */
  findDigest(collection: string, subject: string, digest: string): Promise<StoredFace | null>;
  /** Resolves when it is durable and will be found. @throws `not_found`, `space_mismatch`, `conflict`, `storage_full`, `people_unavailable` */
  add(face: NewFace): Promise<StoredFace>;
};

export type Paging = { readonly limit: number; readonly cursor: string | null };

/** Of a change that takes several transactions. */
export type ChangeWatch = {
  /** Aborted: a change that is not begun is withdrawn and rejects `deadline_exceeded`; one that is begun goes on. */
  readonly signal?: AbortSignal | undefined;
  /** Called once, before it resolves: its first transaction is on the disk, and it goes on whatever is killed. */
  readonly onDurable?: (() => void) | undefined;
};

/** What HTTP asks. Every method rejects with a FacepoolError only; changes resolve when they are durable. */
export type People = {
  status(): PeopleStatus;
  collections(paging: Paging): Promise<z.infer<typeof collectionsAnswerSchema>>;
  collection(name: string): Promise<Collection>;
  createCollection(name: string): Promise<Collection>;
  /**
   * Nobody of it is found from the moment on in which it is durable; resolves when no trace of it is on the disk.
   * @throws `deadline_exceeded`: it was withdrawn, and everybody is there
   */
  deleteCollection(name: string, watch?: ChangeWatch): Promise<void>;
  /** `find`: a part of the name, whatever its case. Sorted by name. */
  subjects(
    collection: string,
    paging: Paging & { readonly find?: string | undefined },
  ): Promise<z.infer<typeof subjectsAnswerSchema>>;
  subject(collection: string, subject: string): Promise<Subject>;
  createSubject(collection: string, subject: string, metadata: Metadata): Promise<Subject>;
  /** @param expected the tag of the state that was seen @throws `conflict` where it has become another */
  changeSubject(collection: string, subject: string, change: ChangeSubject, expected?: string): Promise<Subject>;
  deleteSubject(collection: string, subject: string, expected?: string): Promise<Subject>;
  faces(
    collection: string,
    paging: Paging & { readonly subject?: string | undefined },
  ): Promise<z.infer<typeof facesListSchema>>;
  face(collection: string, faceId: string): Promise<StoredFace>;
  /** The JPEG of the crop, or the upload as it came. @throws `not_found` where it is not kept */
  faceImage(collection: string, faceId: string, what: 'crop' | 'original'): Promise<Uint8Array>;
  deleteFace(collection: string, faceId: string): Promise<StoredFace>;
  /** @throws `invalid_argument` for an embedding that is not of the space, or not of length 1 */
  addEmbedding(collection: string, subject: string, embedding: EmbeddingInput): Promise<StoredFace>;
  /** One line per subject, in the collection's own space. */
  export(collection: string, signal: AbortSignal): AsyncIterable<ExportLine>;
  /** A consistent copy of the whole store, made while it is used. The caller removes the file. */
  backup(signal: AbortSignal): Promise<{ readonly file: string; readonly bytes: number }>;
  /** Checks the copy and puts it in the place of the store; people are unavailable meanwhile. @throws `invalid_argument` */
  restore(file: string): Promise<PeopleCheck>;
  check(): Promise<PeopleCheck>;
};
