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
  /** Subjects with faces of which no crop is kept, or a broken one, and how many: these faces must be enrolled again. */
  missing: z.array(z.strictObject({ collection: z.string(), subject: z.string(), faces: z.int() })),
  detail: z.string(),
  started_at: time,
  ended_at: time.nullable(),
});
export type Reembed = z.infer<typeof reembedSchema>;

/** Re-embedding, see src/pipeline/reembed.ts. */
export type Reembedding = {
  /**
   * Ready at once where nobody is known in the space that serves.
   * @throws `conflict` (one runs), `not_found`, `invalid_argument` (no recognizer, the same space), `people_unavailable`;
   * what a swap is refused with (`swap_in_progress`, `memory_exhausted`)
   */
  start(request: z.infer<typeof reembedRequestSchema>): Promise<Reembed>;
  status(): Reembed | null;
  /** Resolves when it has ended; null where there was none. What it has made is kept for the next one. */
  cancel(): Promise<Reembed | null>;
};
