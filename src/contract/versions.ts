/** Registering a model version while the server runs: the steps, and what is kept about it beside its manifest. */
import * as z from 'zod';

export const STAGE_STEPS = ['check', 'receive', 'inspect', 'import', 'prove', 'register'] as const;
export type StageStep = (typeof STAGE_STEPS)[number];

/** Told when a step begins (`ms` null) and when it ends. The last one told without an end is where it failed. */
export type StageProgress = { readonly step: StageStep; readonly ms: number | null; readonly detail: string };

const inspected = z.strictObject({
  graph: z.string(),
  file: z.string(),
  bytes: z.int(),
  ir_version: z.int(),
  opset: z.int(),
  nodes: z.int(),
  parameters: z.number().describe('numbers in its weights'),
});

/** `<data_dir>/models/<name>/<version>/registered.json` */
export const registrationSchema = z.strictObject({
  schema: z.literal(1),
  at: z.string().describe('ISO 8601'),
  by: z.string(),
  golden: z.enum(['uploaded', 'made']).describe('made: recorded from the float graphs, because the upload had none'),
  graphs: z.array(inspected),
  steps_ms: z.partialRecord(z.enum(STAGE_STEPS), z.number()),
});
export type Registration = z.infer<typeof registrationSchema>;
