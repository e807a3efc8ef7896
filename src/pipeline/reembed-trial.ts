/** The version that people are embedded anew for is tried as a shadow, for as long as that takes. */
import type { Rollout, SwapRequest, VersionsAnswer } from '../contract/rollout.ts';

/** `swap`: id of the trial. `isOurs`: it was begun for a job, and ends with one that fails. */
export type Trial = { readonly model: string; readonly swap: string; readonly isOurs: boolean };

const BY = 'facepool';
const WHY = 'people are embedded anew';
/** The shadow is for the embeddings: as few copies of the traffic as there may be, and it is not judged by them. */
const SHADOW: Omit<SwapRequest, 'version'> = {
  strategy: 'shadow',
  percent: 0.1,
  auto_rollback: false,
  allow_evict: true,
  allow_gap: false,
  why: WHY,
};

/**
 * Begins it, or takes the one that there is: somebody tries the version already, or a job was cut off by a restart.
 * @throws what a swap is refused with: another one goes on, no memory, a version that cannot be read
 */
export async function tryOut(
  rollout: Pick<Rollout, 'versions' | 'swap'>,
  model: string,
  version: string,
): Promise<Trial> {
  const answer = await rollout.versions(model);
  const { swap } = answer;
  if (swap !== null && swap.to === version && swap.strategy !== 'immediate') {
    return { model, swap: swap.id, isOurs: swap.by === BY && isForPeople(answer, version) };
  }
  const { id } = await rollout.swap(model, { ...SHADOW, version }, BY);
  return { model, swap: id, isOurs: true };
}

/** After a restart the swap is a new one; the history of the aliases knows why it is there. */
function isForPeople({ history, swap }: VersionsAnswer, version: string): boolean {
  const begun = history.find(({ action, shadow }) => action === 'shadow' && shadow?.version === version);
  return swap?.strategy === 'shadow' && begun?.by === BY && begun.why === WHY;
}

/** Away with it, unless it is somebody else's by now: a canary, for example. */
export async function endTrial(
  rollout: Pick<Rollout, 'versions' | 'rollback'>,
  { model, swap: id, isOurs }: Trial,
): Promise<void> {
  if (!isOurs) return;
  const { swap } = await rollout.versions(model);
  const isStill = swap?.id === id && swap.strategy === 'shadow' && (swap.state === 'live' || swap.state === 'running');
  if (isStill) await rollout.rollback(model, { by: BY, why: 'people were not embedded anew' });
}
