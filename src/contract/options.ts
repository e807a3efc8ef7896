/** Request options: query parameters or form fields with the same names everywhere. Values arrive as strings. */
import * as z from 'zod';
import { collectionName, subjectName } from './people.ts';

export const FACE_FIELDS = ['landmarks', 'quality', 'ood', 'liveness', 'embedding', 'crop'] as const;
export type FaceField = (typeof FACE_FIELDS)[number];

const number = (min: number, max: number) =>
  z
    .string()
    .trim()
    .regex(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'a number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));

const integer = (min: number, max: number) =>
  z.string().trim().regex(/^\d+$/, 'a whole number').transform(Number).pipe(z.int().min(min).max(max));

const fields = z
  .string()
  .transform((s) =>
    s
      .split(',')
      .map((x) => x.trim())
      .filter((x) => x !== ''),
  )
  .pipe(z.array(z.enum(FACE_FIELDS)));

const policy = z.enum(['report', 'require']);
const modelName = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a model name');

export const OPTION_SCHEMAS = {
  det_threshold: number(0, 1).describe('least detection score, 0..1; default: the manifest’s'),
  limit: integer(0, 10_000).describe('most faces, largest first; 0 = all'),
  min_face_size: number(0, 100_000).describe('least shorter side of the box, pixels'),
  fields: fields.describe(`comma list of ${FACE_FIELDS.join(', ')}`),
  embedding_format: z.enum(['array', 'base64']).describe('base64: float32 little-endian'),
  top_k: integer(1, 100).describe('matches per face'),
  collection: collectionName.describe('which people'),
  match_threshold: number(-1, 1).describe('a false accept rate named in the manifest, or a cosine'),
  liveness_policy: policy.describe('require: a face that fails is refused'),
  ood_policy: policy.describe('require: a face that fails is refused'),
  detector: modelName.describe('another configured detector'),
  recognizer: modelName.describe('another configured recognizer'),
  timeout_ms: integer(1, 3_600_000).describe('deadline of the whole request, capped by the config'),
  subject: subjectName.describe('who it is; made where there is nobody of that name'),
  several_faces: z.enum(['refuse', 'largest']).describe('a picture with more than one face'),
  similar: z.enum(['refuse', 'report']).describe('a face that matches another subject'),
  crop_margin: number(0, 4).describe('with fields=crop: surroundings, as a fraction of the box side on every side'),
} as const;

export type OptionName = keyof typeof OPTION_SCHEMAS;

const ALL = ['det_threshold', 'limit', 'min_face_size', 'detector', 'recognizer', 'timeout_ms'] as const;
const FACES = [...ALL, 'fields', 'crop_margin'] as const;

export const ROUTE_OPTIONS = {
  detect: [...FACES],
  recognize: [...FACES, 'embedding_format', 'top_k', 'collection', 'match_threshold', 'liveness_policy', 'ood_policy'],
  verify: [...ALL, 'match_threshold', 'liveness_policy', 'ood_policy'],
  liveness: [...FACES],
  embed: [...FACES, 'embedding_format'],
  /** With a picture; with an embedding only `top_k`, `collection`, `match_threshold`, `recognizer` and `timeout_ms` say something. */
  search: [...ALL, 'top_k', 'collection', 'match_threshold', 'liveness_policy', 'ood_policy'],
  /** What is not given is as `people.enrol` says. The collection is in the path. */
  enrol: [
    'subject',
    'det_threshold',
    'min_face_size',
    'detector',
    'recognizer',
    'timeout_ms',
    'liveness_policy',
    'ood_policy',
    'several_faces',
    'similar',
  ],
} as const satisfies Record<string, readonly OptionName[]>;

export type RouteName = keyof typeof ROUTE_OPTIONS;

/** Everything parsed; undefined = the route's own default. */
export type RequestOptions = { readonly [K in OptionName]?: z.output<(typeof OPTION_SCHEMAS)[K]> | undefined };
