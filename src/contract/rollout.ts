/** Versions of models, their aliases, and the swaps between them: `/v1/models/{m}/versions`, `/v1/models/{m}/swap`, `/v1/swaps/{id}`. */
import * as z from 'zod';

export const versionName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'small letters, digits, dots, dashes; at most 64');

export const STRATEGIES = ['immediate', 'canary', 'shadow'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Shares are in steps of 0.1 %. */
export const percentSchema = z
  .number()
  .min(0.1)
  .max(99.9)
  .refine((percent) => Math.abs(percent * 10 - Math.round(percent * 10)) < 1e-9, 'steps of 0.1');

export const swapRequestSchema = z.strictObject({
  version: versionName,
  strategy: z
    .enum(STRATEGIES)
    .default('immediate')
    .describe('immediate: all traffic once proven; canary: a share of it; shadow: copies, whose answers nobody gets'),
  percent: percentSchema.default(10).describe('canary: share of the traffic; shadow: share of it that is copied'),
  auto_rollback: z.boolean().default(true).describe('goes back by itself on errors, latency or drift'),
  allow_evict: z.boolean().default(true).describe('idle models may go to make room for both versions'),
  allow_gap: z
    .boolean()
    .default(false)
    .describe('where both do not fit: ends the old one first, while requests wait; without it such a swap is refused'),
  if_generation: z
    .int()
    .nonnegative()
    .optional()
    .describe('refused with 409 unless the aliases are at this generation'),
  why: z.string().max(500).default('').describe('for the history'),
});
export type SwapRequest = z.infer<typeof swapRequestSchema>;

/** Of `promote` and `rollback`. */
export const moveRequestSchema = swapRequestSchema.pick({ if_generation: true, why: true });

export const SWAP_STEPS = [
  'stage',
  'room',
  'start',
  'load',
  'warm',
  'golden',
  'measure',
  'switch',
  'drain',
  'stop',
  'memory_back',
] as const;
export type SwapStep = (typeof SWAP_STEPS)[number];

/** `live`: canary or shadow, until it is promoted or rolled back. */
export const SWAP_STATES = ['running', 'live', 'done', 'failed', 'rolled_back'] as const;
export type SwapState = (typeof SWAP_STATES)[number];

const time = z.string().describe('ISO 8601');
export const swapSchema = z.strictObject({
  id: z.string(),
  model: z.string(),
  from: z.string().describe('version that was stable'),
  to: z.string(),
  strategy: z.enum(STRATEGIES),
  percent: z.number().nullable(),
  state: z.enum(SWAP_STATES),
  reason: z.string().describe('why it failed or was rolled back; empty otherwise'),
  by: z.string(),
  started: time,
  ended: time.nullable(),
  attempts: z.int(),
  gap_ms: z.number().nullable().describe('how long nobody answered, with allow_gap'),
  steps: z.array(
    z.strictObject({
      step: z.enum(SWAP_STEPS),
      at: time,
      ms: z.number().nullable().describe('null while it runs'),
      detail: z.string(),
    }),
  ),
});
export type Swap = z.infer<typeof swapSchema>;

const share = z.strictObject({
  version: versionName,
  percent: percentSchema,
  auto_rollback: z.boolean().optional().describe('false: it does not go back by itself; true where it is not told'),
});
/** One change of the aliases of a model. */
export const aliasChangeSchema = z.strictObject({
  generation: z.int(),
  at: time,
  by: z.string(),
  action: z.enum(['configured', 'promote', 'canary', 'shadow', 'clear', 'rollback', 'forget']),
  stable: z.string(),
  canary: share.nullable(),
  shadow: share.nullable(),
  why: z.string(),
});
export type AliasChange = z.infer<typeof aliasChangeSchema>;

/** Where the aliases of a model point. Every change makes the next generation. */
export const aliasStateSchema = z.strictObject({
  generation: z.int().nonnegative(),
  /** What the settings named when the aliases were made: other settings are a later word than the aliases. */
  configured: versionName,
  stable: versionName,
  /** Gets `percent` of the traffic. */
  canary: share.nullable(),
  /** Gets copies of `percent` of the traffic. */
  shadow: share.nullable(),
  /** What `rollback` makes stable again; null where there is none. */
  previous: versionName.nullable(),
  /** Newest last. */
  history: z.array(aliasChangeSchema),
});
export type AliasState = z.infer<typeof aliasStateSchema>;

const versionSchema = z.strictObject({
  version: z.string(),
  source: z.enum(['bundled', 'staged']),
  aliases: z.array(z.enum(['stable', 'canary', 'shadow', 'previous'])),
  /** Of its process; `none` where it has none. */
  state: z.string(),
  reason: z.string(),
  description: z.string(),
  licence: z.string().describe('SPDX'),
  space: z.string().nullable().describe('embedding space of a recognizer'),
  bytes: z.int().describe('of its weights'),
  memory_bytes: z.int().nullable(),
  /** Share of the traffic, percent; 0 where it gets none. */
  percent: z.number(),
  /** Over the window that it is judged by; null while it has no process. */
  live: z
    .strictObject({ requests: z.int(), error_ratio: z.number(), p50_ms: z.number(), p99_ms: z.number() })
    .nullable(),
  problem: z.string().nullable().describe('why it cannot be used; null where it can'),
});
/** Differences between stable and shadow, as measured. */
const driftSchema = z.strictObject({
  compared: z.int(),
  differing: z.int(),
  dropped: z.int().describe('copies that were not made: the version was busy'),
  failed: z.int(),
  mean_iou: z.number().nullable(),
  count_difference: z.number().nullable().describe('mean of faces found more or fewer'),
  min_cosine: z.number().nullable(),
  max_quality_drift: z.number().nullable(),
  flips: z.int().nullable(),
});
export type DriftAnswer = z.infer<typeof driftSchema>;
/** By what a version on trial counts as worse than the stable one: `rollout.*` of the settings. */
const limitsSchema = z.strictObject({
  min_requests: z.int().describe('of the version on trial, before anything is said of it'),
  error_ratio: z.number().describe('most by which its failed share may be above'),
  p99_ratio: z.number().describe('most that its p99 may be of the other'),
  min_compared: z.int().describe('compared answers before drift is judged'),
  drift_ratio: z.number().describe('share of compared answers that may differ'),
});
export type TrialLimits = z.infer<typeof limitsSchema>;
export const versionsAnswerSchema = z.strictObject({
  model: z.string(),
  generation: z.int(),
  stable: z.string(),
  canary: share.nullable(),
  shadow: share.nullable(),
  previous: z.string().nullable(),
  versions: z.array(versionSchema),
  drift: driftSchema.nullable(),
  limits: limitsSchema,
  /** The swap that runs or is live. */
  swap: swapSchema.nullable(),
  history: z.array(aliasChangeSchema).describe('newest first'),
});
export type VersionsAnswer = z.infer<typeof versionsAnswerSchema>;
export const swapsAnswerSchema = z.strictObject({ swaps: z.array(swapSchema).describe('newest first') });

export type Who = { readonly by: string; readonly why: string; readonly ifGeneration?: number | undefined };

/** What HTTP, CLI and dashboard ask. Implemented in `src/rollout`. Every method throws FacepoolErrors only. */
export type Rollout = {
  /** Unknown model → `not_found`. */
  versions(model: string): Promise<VersionsAnswer>;
  /**
   * Begins a swap; it goes on by itself. Refused before anything is done: `not_found`, `model_missing` (no such version),
   * `swap_in_progress` while another one of the model runs, `conflict` (generation, or it is stable already),
   * `space_mismatch`, `memory_exhausted` where both do not fit and no gap is allowed.
   */
  swap(model: string, request: SwapRequest, by: string): Promise<Swap>;
  /** The canary or shadow becomes stable. */
  promote(model: string, who: Who): Promise<Swap>;
  /** Away with canary or shadow; where there is neither, back to the version before. Ends a swap that runs. */
  rollback(model: string, who: Who): Promise<Swap>;
  /** Unknown → `not_found`. The last 200 are known. */
  find(id: string): Swap;
  list(model: string | null): readonly Swap[];
  /** Resolves when it is over, or live. */
  wait(id: string, signal: AbortSignal): Promise<Swap>;
  /** Told of every step; the answer ends it. */
  onChange(listener: (swap: Swap) => void): () => void;
};
