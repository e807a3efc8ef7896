/** Other programs on the device that give memory back when asked: an HTTP call (an LLM swapper's unload URL) or a command. */
import { FacepoolError } from '../contract/errors.ts';
import type { TenantAction, TenantSettings } from '../contract/settings.ts';
import type { Tenant } from './resident.ts';

export type TenantTools = {
  readonly fetch: typeof globalThis.fetch;
  /** Runs a program to its end; rejects when it exits with anything but 0. */
  readonly run: (command: readonly string[], timeoutMs: number) => Promise<void>;
};

/** Whether anything would be called or run. */
export function isAction(action: TenantAction): boolean {
  return action.url !== '' || action.command.length > 0;
}

export function tenantClient(name: string, settings: TenantSettings, tools: TenantTools): Tenant {
  const act = async (action: TenantAction): Promise<void> => {
    if (action.command.length > 0) {
      await tools.run(action.command, settings.timeout_ms);
      return;
    }
    if (action.url === '') return;
    const answer = await tools.fetch(action.url, {
      method: action.method,
      signal: AbortSignal.timeout(settings.timeout_ms),
      ...(action.body === '' ? {} : { body: action.body, headers: { 'content-type': 'application/json' } }),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new FacepoolError('internal', `tenant ${name} answered ${answer.status}`);
  };
  return {
    release: () => act(settings.release),
    reacquire: () => act(settings.reacquire),
  };
}
