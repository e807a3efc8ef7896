/** What the routes that change the server while it runs have in common. */
import type { Request, Response } from 'express';
import type { AuditEntry, AuditLog } from '../auth/audit-log.ts';
import { callerName, callerOf } from '../auth/caller.ts';
import { FacepoolError, toWire } from '../contract/errors.ts';
import type { Reload } from '../contract/reload.ts';
import type { Rollout } from '../contract/rollout.ts';
import type { Control } from '../contract/services.ts';
import type { Settings } from '../contract/settings.ts';
import type { Staging } from '../contract/staging.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../util/clock.ts';
import type { Gate } from './gate.ts';
import type { Endpoint } from './route.ts';

/** What the app is given for them. */
export type Changes = {
  readonly rollout: Rollout;
  readonly staging: Staging;
  readonly reload: Reload;
  /** Gets a line for every change that was asked for. */
  readonly audit: AuditLog;
};

export type ChangesDeps = Changes & {
  readonly settings: Pick<Settings, 'limits' | 'admin'>;
  readonly control: Pick<Control, 'stopping'>;
  readonly gate: Gate;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Logger, 'error'>;
  /** Aborted when the server closes. */
  readonly signal?: AbortSignal | undefined;
};

/** An endpoint for administrators: on the admin socket always, over TCP where `admin.http` is set. */
export function adminEndpoint(
  { gate, settings }: Pick<ChangesDeps, 'gate' | 'settings'>,
  handler: (req: Request, res: Response) => Promise<void>,
): Endpoint {
  return {
    label: 'admin',
    access: gate('admin'),
    handler,
    isHere: (req) => settings.admin.http || callerOf(req)?.kind === 'socket',
  };
}

export function refuseWhenClosing({ control, signal }: Pick<ChangesDeps, 'control' | 'signal'>): void {
  if (!control.stopping() && signal?.aborted !== true) return;
  throw new FacepoolError('shutting_down', 'The server is shutting down.');
}

/** Runs it, and writes down who asked for what and how it ended. */
export async function audited<T>(
  audit: AuditLog,
  req: Request,
  entry: Pick<AuditEntry, 'action' | 'target'> & Partial<Record<'version' | 'strategy', string>>,
  work: () => Promise<T>,
): Promise<T> {
  const who = callerName(callerOf(req));
  try {
    const result = await work();
    audit.record({ who, ...entry, result: 'ok' });
    return result;
  } catch (error) {
    audit.record({ who, ...entry, result: toWire(error).code });
    throw error;
  }
}

/** A part of the path, decoded by Express. */
export function pathPart(req: Request, name: string): string {
  return String(req.params[name] ?? '');
}
