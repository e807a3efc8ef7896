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

const share = z.strictObject({ version: versionName, percent: percentSchema });
/** One change of the aliases of a model. */
export const aliasChangeSchema = z.strictObject({
  generation: z.int(),
  at: time,
  by: z.string(),
  action: z.enum(['configured', 'promote', 'canary', 'shadow', 'clear', 'rollback']),
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
