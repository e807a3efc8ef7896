/** Reading the configuration again while the server runs: `POST /v1/reload`. */
import * as z from 'zod';

/**
 * `applied`: from now on, nothing is restarted. `model_restarted`, `model_swapped`, `model_added`, `model_removed`: of that
 * model only, the others stay warm. `needs_restart`: of the server; until then the old value holds.
 */
export const RELOAD_EFFECTS = [
  'applied',
  'model_restarted',
  'model_swapped',
  'model_added',
  'model_removed',
  'needs_restart',
] as const;
export type ReloadEffect = (typeof RELOAD_EFFECTS)[number];

const settingChangeSchema = z.strictObject({
  setting: z.string().describe('e.g. limits.queue, models.detector.threads, or models.<name> of a model that is new'),
  from: z.string().nullable().describe('as JSON, secrets left out; null: it was not there'),
  to: z.string().nullable().describe('as JSON, secrets left out; null: it is not there any more'),
  effect: z.enum(RELOAD_EFFECTS),
});
export type SettingChange = z.infer<typeof settingChangeSchema>;

export const reloadRequestSchema = z.strictObject({
  dry_run: z.boolean().default(false).describe('true: says what would change, and changes nothing'),
});

export const reloadAnswerSchema = z.strictObject({
  dry_run: z.boolean(),
  changes: z.array(settingChangeSchema).describe('empty: the configuration is the one that runs'),
});
export type ReloadAnswer = z.infer<typeof reloadAnswerSchema>;

/** What HTTP asks. */
export type Reload = {
  /** Throws `invalid_argument` that names every fault of the configuration, `conflict` while another reload goes on; nothing has changed then. */
  reload(dryRun: boolean): Promise<ReloadAnswer>;
};
