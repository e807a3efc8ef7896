/** Why a process ended, as far as it decides whether it comes back. */
import { FacepoolError } from '../contract/errors.ts';
import type { DeathClass } from '../scheduler/death.ts';
import type { RestartReason } from '../telemetry/metrics.ts';

/** Each class of death as the closed label of the restart counter. */
export const RESTART_REASON: Readonly<Record<DeathClass, RestartReason>> = {
  asked: 'manual',
  hang: 'hang',
  quarantined: 'quarantined',
  oom: 'oom',
  crash: 'signal',
  killed: 'signal',
  exit: 'exit',
  poisoned: 'device_error',
};

/** The start ended for want of memory: room has to be made before another one makes sense. */
export function isOutOfMemory(error: Error | null): error is FacepoolError {
  return error instanceof FacepoolError && error.code === 'memory_exhausted';
}

const PERMANENT: ReadonlySet<string> = new Set(['model_failed', 'model_missing', 'invalid_argument']);

/** A bad artefact or configuration, or another protocol: as bad the next time. */
export function isPermanent(error: Error | null): boolean {
  return error instanceof FacepoolError && PERMANENT.has(error.code);
}
