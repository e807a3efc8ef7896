/** The answers, as zod schemas: they shape what is sent, make `openapi.json`, and tests check answers against them. */
import * as z from 'zod';

const unit = z.number().min(0).max(1);
const point = z.tuple([z.number(), z.number()]);

export const boxSchema = z.strictObject({ x_min: z.number(), y_min: z.number(), x_max: z.number(), y_max: z.number() });

export const qualitySchema = z.strictObject({
  score: unit,
  usable: z.boolean(),
  reasons: z.array(z.string()).describe('why not usable: low_quality, out_of_distribution'),
});

export const oodSchema = z.strictObject({
  score: unit.describe('higher is better'),
  threshold: unit,
  accepted: z.boolean(),
  raw: z.number().describe('what the model said'),
  raw_direction: z.enum(['higher_is_better', 'higher_is_worse']),
});

export const livenessSchema = z.strictObject({
  label: z.enum(['live', 'spoof', 'unsure']),
  score: unit.describe('probability that the face is live'),
  threshold: unit,
  opinions: z.array(z.strictObject({ model: z.string(), score: unit, label: z.enum(['live', 'spoof']) })),
});

export const embeddingSchema = z.strictObject({
  space: z.string(),
  dim: z.int(),
  array: z.array(z.number()).optional(),
  base64: z.string().optional().describe('float32 little-endian'),
});

export const matchSchema = z.strictObject({
  subject: z.string(),
  face_id: z.string(),
  cosine: z.number(),
  similarity: unit,
  threshold: z.number(),
  match: z.boolean(),
  margin: z.number().nullable(),
});

export const faceSchema = z.strictObject({
  box: boxSchema,
  det_score: unit,
  landmarks: z.array(point).length(5).nullable().optional(),
  quality: qualitySchema.optional(),
  ood: oodSchema.optional(),
  liveness: livenessSchema.optional(),
  embedding: embeddingSchema.optional(),
  crop: z.strictObject({ format: z.literal('jpeg'), base64: z.string() }).optional(),
  matches: z.array(matchSchema).optional(),
  identity: z.string().nullable().optional(),
});

export const imageSchema = z.strictObject({
  width: z.int(),
  height: z.int(),
  format: z.string(),
  orientation_applied: z.boolean(),
});

export const modelRefSchema = z.strictObject({ version: z.string(), alias: z.string(), provider: z.string() });
export const modelsSchema = z.record(z.string(), modelRefSchema);
export const timingsSchema = z
  .record(z.string(), z.number())
  .describe('milliseconds; total is wall time, queue is waiting');

export const facesAnswerSchema = z.strictObject({
  request_id: z.string(),
  image: imageSchema,
  faces: z.array(faceSchema),
  truncated: z.literal(true).optional().describe('more faces were found than max_faces'),
  models: modelsSchema,
  timings_ms: timingsSchema,
});

export const verifyAnswerSchema = z.strictObject({
  request_id: z.string(),
  cosine: z.number(),
  similarity: unit,
  threshold: z.number(),
  match: z.boolean(),
  space: z.string(),
  source: faceSchema,
  target: faceSchema,
  models: modelsSchema,
  timings_ms: timingsSchema,
});

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  request_id: z.string(),
  param: z.string().optional(),
  reasons: z
    .array(z.object({ code: z.string(), detail: z.string() }))
    .optional()
    .describe('all that is wrong, where that is more than one thing'),
});

/** One model as `GET /v1/models` and `facepool status` show it. */
export const modelStatusSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(['model', 'imaging', 'monitor']),
  role: z.enum(['detector', 'recognizer', 'liveness']).nullable(),
  version: z.string().nullable(),
  alias: z.string().nullable(),
  state: z.string(),
  supervisord_state: z.string(),
  reason: z.string(),
  since: z.string().describe('ISO 8601'),
  pid: z.int().nullable(),
  uptime_s: z.number().nullable(),
  restarts: z.int(),
  last_death: z.string().nullable(),
  provider: z.string().nullable(),
  device: z.string().nullable(),
  threads: z.int().nullable(),
  memory_bytes: z.int().nullable().describe('RssAnon of the process'),
  residency: z.enum(['resident', 'on_demand']).nullable(),
  pinned: z.boolean().nullable(),
  reserved_bytes: z.int().nullable().describe('what the memory scheduler keeps for it'),
  in_use: z.int().nullable().describe('leases that are open: inferences running or queued'),
  load_ms: z.number().nullable().describe('fork to ready'),
  queue: z.int(),
  licence: z.strictObject({ spdx: z.string(), attribution: z.string(), commercial: z.boolean() }).nullable(),
});

/** What loading a model would take: `GET /v1/models/{m}/plan`. Bytes. */
export const planSchema = z.strictObject({
  model: z.string(),
  device: z.string(),
  verdict: z
    .enum(['loaded', 'now', 'evict', 'release', 'wait', 'never', 'down'])
    .describe('now: it fits; evict, release: others go first; wait: for busy models; never: larger than the budget'),
  needed_bytes: z.int(),
  limit_bytes: z.int().nullable().describe('null: nothing limits the device yet'),
  reserved_bytes: z.int(),
  foreign_bytes: z.int().describe('held by other programs'),
  evicts: z.array(z.strictObject({ model: z.string(), bytes: z.int() })),
  releases: z.array(z.strictObject({ tenant: z.string(), bytes: z.int() })),
});
export type PlanAnswer = z.infer<typeof planSchema>;

export const modelsAnswerSchema = z.strictObject({ models: z.array(modelStatusSchema) });

export type FaceAnswer = z.infer<typeof faceSchema>;
export type FacesAnswer = z.infer<typeof facesAnswerSchema>;
export type VerifyAnswer = z.infer<typeof verifyAnswerSchema>;
export type ModelStatus = z.infer<typeof modelStatusSchema>;
export type ModelRef = z.infer<typeof modelRefSchema>;
export type Problem = z.infer<typeof problemSchema>;
