/** Who sent a request. Kept beside the request and never read from it, so that no header can forge it. */
import type { IncomingMessage } from 'node:http';

/** `socket`: through the admin socket, whose file permissions are the check; `anyone`: keys are not asked for. */
export type Caller = { readonly kind: 'socket' | 'anyone' } | { readonly kind: 'key'; readonly id: string };

const callers = new WeakMap<IncomingMessage, Caller>();

export function setCaller(req: IncomingMessage, caller: Caller): void {
  callers.set(req, caller);
}

/** Undefined until somebody has checked. */
export function callerOf(req: IncomingMessage): Caller | undefined {
  return callers.get(req);
}

/** For the audit log: `socket`, `key:<id>`, `anyone`, `unknown`. */
export function callerName(caller: Caller | undefined): string {
  if (caller === undefined) return 'unknown';
  return caller.kind === 'key' ? `key:${caller.id}` : caller.kind;
}
