/** What an export of a collection holds, for another server or another program. */
import * as z from 'zod';
import { metadataSchema } from './metadata.ts';

/** One line of an export (NDJSON). */
export const exportLineSchema = z.strictObject({
  collection: z.string(),
  subject: z.string(),
  metadata: metadataSchema,
  faces: z.array(
    z.strictObject({
      face_id: z.string(),
      space: z.string(),
      digest: z.string().nullable(),
      created_at: z.string().describe('ISO 8601'),
      embedding: z.string().describe('base64: float32 little-endian'),
    }),
  ),
});
export type ExportLine = z.infer<typeof exportLineSchema>;
