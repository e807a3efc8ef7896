/** Registering and removing versions while the server runs: `/v1/models/{m}/versions`. Registering never moves an alias. */
import * as z from 'zod';
import { versionName, versionsAnswerSchema } from './rollout.ts';
import { STAGE_STEPS, type StageProgress } from './versions.ts';

/** One version, as in {@link versionsAnswerSchema}. */
export const versionRowSchema = versionsAnswerSchema.shape.versions.element;
export type VersionRow = z.infer<typeof versionRowSchema>;

const serverPath = z.string().min(1).max(4096);
/** Called as the manifest calls it: weights, licence texts, golden tensors. */
const stagedFile = z.union([
  z.strictObject({
    name: z.string().min(1).max(200),
    path: serverPath.describe('of a file in store.mirrors or in <data_dir>/incoming'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'a sha256 is 64 hexadecimal digits')
      .optional(),
  }),
  z.strictObject({ name: z.string().min(1).max(200), text: z.string().describe('of a licence') }),
]);

/** A version whose weights lie on the server already. */
export const stageRequestSchema = z.strictObject({
  version: versionName,
  manifest: z.union([z.string().min(1).describe('its text'), z.strictObject({ path: serverPath })]),
  files: z.array(stagedFile).max(100).describe('weights, licence texts and golden tensors, as the manifest names them'),
});
export type StageRequestBody = z.infer<typeof stageRequestSchema>;

/** What a client that asks for server-sent events is told on the way. */
export const stageProgressSchema = z.strictObject({
  step: z.enum(STAGE_STEPS),
  ms: z.number().nullable().describe('null when it begins'),
  detail: z.string(),
}) satisfies z.ZodType<StageProgress>;

export type VersionFile = { readonly name: string } & (
  | { readonly stream: AsyncIterable<Uint8Array> }
  | { readonly path: string; readonly sha256?: string | undefined }
);

export type VersionUpload = {
  readonly version: string;
  /** Its text, or a file on the server. */
  readonly manifest: string | { readonly path: string };
  /** A list, or what comes one after the other; a stream is to be read before the next file is asked for. */
  readonly files: readonly VersionFile[] | AsyncIterable<VersionFile>;
};

export type StageOptions = {
  /** Who registers it: `socket` or `key:<id>`. */
  readonly by: string;
  /** Aborted when the upload is refused or its client goes; its reason is a FacepoolError. */
  readonly signal: AbortSignal;
  readonly onStep: (progress: StageProgress) => void;
};

/** What HTTP asks. Every method rejects with FacepoolErrors only. */
export type Staging = {
  /** Unknown model → `not_found`. After a failure nothing is left of it. */
  stage(model: string, upload: VersionUpload, options: StageOptions): Promise<VersionRow>;
  /**
   * Only of versions that are staged, which the caller has looked at. Needed by an alias or a swap → `conflict`; what a
   * rollback would go back to may go, and then there is no way back. `by`: for the history.
   */
  remove(model: string, version: string, by?: string): Promise<void>;
};
