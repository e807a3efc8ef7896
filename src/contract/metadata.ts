/** What a client may keep with a subject. */
import * as z from 'zod';

/** Free fields of a subject, e.g. {"employee": 17}. At most 4 KB as JSON. */
export const metadataSchema = z
  .record(z.string().min(1).max(100), z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]))
  .refine((value) => JSON.stringify(value).length <= 4096, 'at most 4096 characters as JSON');
export type Metadata = z.infer<typeof metadataSchema>;
