/** A version that is being registered is tried once, in a process of its own. */
import { FacepoolError } from '../contract/errors.ts';
import type { PreparedModel } from '../models/resolve.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { RolloutPorts } from './ports.ts';

export type ProveUploadDeps = {
  readonly supervisor: Pick<Supervisor, 'models' | 'addVersion'>;
  readonly ports: Pick<RolloutPorts, 'hide' | 'load' | 'stop' | 'remove'>;
};

/** Loaded in a process of its own, which passes its golden probe and ends. */
export async function proveUpload(
  { supervisor, ports }: ProveUploadDeps,
  model: string,
  prepared: PreparedModel,
  signal: AbortSignal,
): Promise<void> {
  const { version } = prepared.manifest;
  if (supervisor.models.has(`${model}@${version}`)) {
    throw new FacepoolError('conflict', `${model} ${version} is being registered already`, { param: 'version' });
  }
  const { name } = supervisor.addVersion(model, version, prepared.manifest, prepared);
  // No swap may take it for a version that nobody needs any more.
  const show = ports.hide(name);
  try {
    await ports.load(name, signal, () => {});
  } finally {
    try {
      await ports.stop(name, 'it was proven, or not');
      ports.remove(name);
    } finally {
      // What could not be ended now is ended by the next swap.
      show();
    }
  }
}
