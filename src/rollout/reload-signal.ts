/** SIGHUP: the configuration is read again, as `facepool reload` does it. */
import type { AuditLog } from '../auth/audit-log.ts';
import { toWire } from '../contract/errors.ts';
import type { Reload } from '../contract/reload.ts';

/** What became of it is in the log and among the events. */
export async function reloadForSignal(reload: Reload, audit: AuditLog): Promise<void> {
  const result = await reload.reload(false).then(
    () => 'ok',
    (error: unknown) => toWire(error).code,
  );
  audit.record({ who: 'signal', action: 'server.reload', target: 'configuration', result });
}
