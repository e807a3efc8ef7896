/** People embedded anew, for a recognizer of another space. */
import * as z from 'zod';

const time = z.string().describe('ISO 8601');

/** POST /v1/people/reembed, GET /v1/people/reembed */
export const reembedRequestSchema = z.strictObject({
  model: z.string().default('recognizer'),
  version: z.string(),
});
export const reembedSchema = z.strictObject({
  model: z.string(),
  version: z.string(),
  from: z.string().describe('space'),
  to: z.string().describe('space'),
  state: z.enum(['running', 'ready', 'failed', 'cancelled']).describe('ready: a swap to the version is allowed'),
  done: z.int().describe('faces'),
  total: z.int(),
  /** Subjects none of whose faces has a crop: they must be enrolled again. */
  missing: z.array(z.strictObject({ collection: z.string(), subject: z.string(), faces: z.int() })),
  detail: z.string(),
  started_at: time,
  ended_at: time.nullable(),
});
export type Reembed = z.infer<typeof reembedSchema>;

/** Re-embedding, see src/pipeline/reembed.ts. */
export type Reembedding = {
  /** @throws `conflict` (one runs), `not_found`, `invalid_argument` (no recognizer, the same space) */
  start(request: z.infer<typeof reembedRequestSchema>): Promise<Reembed>;
  status(): Reembed | null;
  cancel(): Promise<Reembed | null>;
};
