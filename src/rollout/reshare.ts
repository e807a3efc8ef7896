/** Another share for what is tried; or a shadow becomes a canary, or the other way round. */
import { FacepoolError } from '../contract/errors.ts';
import type { SwapRequest } from '../contract/rollout.ts';
import { checkSpace, manifestsOf, refuseGeneration } from './checks.ts';
import type { SwapRecord } from './swap-log.ts';
import { shareOf, type SwapDeps } from './swap-run.ts';
import type { Trials } from './trials.ts';

/**
 * Whether it goes back by itself is as the request says; the caller begins to watch it.
 * @throws FacepoolError `conflict`, `space_mismatch`; nothing has changed then
 */
export async function reshare(
  deps: Pick<SwapDeps, 'ports' | 'aliases' | 'traffic'> & { readonly trials: Trials },
  model: string,
  request: SwapRequest,
  by: string,
  record: SwapRecord,
): Promise<void> {
  const { strategy, version, percent, auto_rollback: autoRollback } = request;
  const { ports, aliases, traffic, trials } = deps;
  if (strategy === 'immediate') {
    throw new FacepoolError('conflict', `${version} is being tried already; promote it`);
  }
  const { generation } = aliases.state(model);
  const { serving, next } = await manifestsOf(deps, model, version);
  if (strategy !== 'shadow') checkSpace(ports, model, serving, next);
  // Whoever was faster may have taken it back.
  refuseGeneration(aliases.state(model).generation, generation);
  aliases.move(model, shareOf(request, autoRollback), by, request.why);
  trials.unwatch(model);
  if (strategy !== record.swap.strategy) {
    trials.endTrial(model);
    // A shadow's runs say nothing of a canary, and the other way round.
    const entry = ports.entryOf(model, version);
    if (entry !== null) traffic.forget(entry);
    if (strategy === 'shadow') trials.compare(model, serving, next);
  }
  record.autoRollback = autoRollback;
  record.set({ strategy, percent });
  record.add('switch', 0, `${percent} % of the traffic`);
}
