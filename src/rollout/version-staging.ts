/** Registering versions on a running server: the model store's steps, with the processes that they need. */
import { FacepoolError } from '../contract/errors.ts';
import type { VersionsAnswer } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import type { Staging, StageOptions, VersionRow, VersionUpload } from '../contract/staging.ts';
import type { RunImporter, RunInspector } from '../models/import.ts';
import type { PreparedModel } from '../models/resolve.ts';
import { removeVersion } from '../models/staging/register.ts';
import { stageVersion } from '../models/staging/stage-version.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { RolloutPorts } from './ports.ts';
import { proveUpload } from './prove-upload.ts';

export type VersionStagingDeps = {
  readonly settings: Settings;
  readonly supervisor: Supervisor;
  readonly ports: Pick<RolloutPorts, 'hide' | 'load' | 'stop' | 'remove'>;
  readonly runImporter: RunImporter;
  readonly runInspector: RunInspector;
  readonly versions: (model: string) => Promise<VersionsAnswer>;
  /** Does the work when nothing of the version is there any more; refuses where something needs it. */
  readonly withdraw: (model: string, version: string, by: string, work: () => Promise<void>) => Promise<void>;
};

export function createStaging(deps: VersionStagingDeps): Staging {
  const { settings, runImporter, runInspector } = deps;
  return {
    async stage(model: string, upload: VersionUpload, { by, signal, onStep }: StageOptions): Promise<VersionRow> {
      const request = { model, version: upload.version, manifest: upload.manifest, files: upload.files, by };
      const prove = (prepared: PreparedModel, until: AbortSignal = signal): Promise<void> =>
        proveUpload(deps, model, prepared, until);
      await stageVersion(settings, request, { runImporter, runInspector, prove, signal, onStep });
      const { versions } = await deps.versions(model);
      const row = versions.find(({ version }) => version === upload.version);
      if (row === undefined) throw new FacepoolError('conflict', `${upload.version} was removed meanwhile`);
      return row;
    },
    remove(model, version, by = 'nobody') {
      return deps.withdraw(model, version, by, () => removeVersion(settings, model, version));
    },
  };
}
