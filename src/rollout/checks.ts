/** What a swap must satisfy before anything is done. */
import { FacepoolError } from '../contract/errors.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { AliasState, SwapRequest } from '../contract/rollout.ts';
import type { AliasStore } from './alias-store.ts';
import type { RolloutPorts } from './ports.ts';

/** @throws FacepoolError `model_missing`, `model_failed` */
export async function findManifest(
  ports: Pick<RolloutPorts, 'listVersions'>,
  model: string,
  version: string,
): Promise<Manifest> {
  const versions = await ports.listVersions(model);
  const found = versions.find((known) => known.version === version);
  if (found === undefined) {
    const there = versions.map((known) => known.version).join(', ');
    throw new FacepoolError('model_missing', `${model} has no version "${version}"; there are: ${there}`, {
      param: 'version',
    });
  }
  if (found.manifest === null) {
    throw new FacepoolError('model_failed', `${model} ${version} cannot be read: ${found.problem ?? 'unknown'}`);
  }
  return found.manifest;
}

/** @throws FacepoolError `invalid_argument` for another role */
export function checkRole(model: string, serving: Manifest | null, next: Manifest): void {
  if (serving === null || serving.role === next.role) return;
  throw new FacepoolError('invalid_argument', `${model} is a ${serving.role}; ${next.version} is a ${next.role}`, {
    param: 'version',
  });
}

/** @throws FacepoolError `space_mismatch` where people are enrolled in the space that would be left */
export function checkSpace(
  ports: Pick<RolloutPorts, 'embeddingsIn'>,
  model: string,
  serving: Manifest | null,
  next: Manifest,
): void {
  if (serving?.role !== 'recognizer' || next.role !== 'recognizer') return;
  const [from, to] = [serving.recognizer.space, next.recognizer.space];
  const count = from === to ? 0 : ports.embeddingsIn(from, to);
  if (count === 0) return;
  const detail = `${count} enrolled faces are known in the space ${from} only, and ${next.version} makes ${to}: they cannot be compared. Embed them anew first (facepool people reembed ${next.version})`;
  throw new FacepoolError('space_mismatch', `${model}: ${detail}`, { param: 'version' });
}

/**
 * True: both versions do not fit, and the old one may go first.
 * @throws FacepoolError `memory_exhausted`
 */
export function needsGap(
  ports: Pick<RolloutPorts, 'state' | 'room'>,
  model: string,
  entry: string,
  request: SwapRequest,
): boolean {
  if (ports.state(entry).isReady) return false;
  const room = ports.room(entry);
  if (room === 'now' || (room === 'evict' && request.allow_evict)) return false;
  if (request.allow_gap && request.strategy === 'immediate') return true;
  const way = room === 'evict' ? 'idle models would have to go (allow_evict)' : 'allow_gap would end the old one first';
  throw new FacepoolError('memory_exhausted', `both versions of ${model} do not fit into its memory; ${way}`);
}

/** Of the version that is to come, and of the one that serves; null where that cannot be read. */
export async function manifestsOf(
  {
    ports,
    aliases,
  }: { readonly ports: Pick<RolloutPorts, 'listVersions'>; readonly aliases: Pick<AliasStore, 'state'> },
  model: string,
  version: string,
): Promise<{ readonly serving: Manifest | null; readonly next: Manifest }> {
  const next = await findManifest(ports, model, version);
  const serving = await findManifest(ports, model, aliases.state(model).stable).catch(() => null);
  checkRole(model, serving, next);
  return { serving, next };
}

/** @throws FacepoolError `conflict` where an alias means the version */
export function checkUnused(model: string, version: string, state: AliasState): AliasState {
  const { stable, canary, shadow } = state;
  if (![stable, canary?.version, shadow?.version].includes(version)) return state;
  throw new FacepoolError('conflict', `${model} ${version} serves; it cannot be removed`, { param: 'version' });
}

/** @throws FacepoolError `conflict` where the aliases are at another generation than the one that is wanted */
export function refuseGeneration(generation: number, wanted: number | undefined): void {
  if (wanted === undefined || wanted === generation) return;
  const detail = `the aliases are at generation ${generation}, not ${wanted}: somebody changed them meanwhile`;
  throw new FacepoolError('conflict', detail, { param: 'if_generation' });
}
