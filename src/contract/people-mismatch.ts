import * as z from 'zod';

/** People whom no recognizer that serves can be compared with; the settings name one of another embedding space. */
export const peopleMismatchSchema = z.strictObject({
  collections: z.array(z.string()).describe('by name, the first ten of them'),
  count: z.int().describe('collections'),
  faces: z.int(),
  spaces: z.array(z.string()).describe('what they are known in'),
  detail: z.string().describe('in words, with what to do'),
});
export type PeopleMismatch = z.infer<typeof peopleMismatchSchema>;
