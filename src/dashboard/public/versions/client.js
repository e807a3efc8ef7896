/** What the update flow asks the server. Everything that changes something names the generation that was seen. */
import { call, callJson } from '../lib/api.js';

/** @import { Swap, VersionsAnswer } from '../../../contract/rollout.ts' */
/** @typedef {{ version: string, strategy: string, percent?: number, auto_rollback?: boolean, allow_evict?: boolean, allow_gap?: boolean, why?: string }} SwapWish */

export const NEEDS_ADMIN = 'Changing versions needs a key of the scope admin.';

/** @param {string} model @param {string} action */
export function modelPath(model, action) {
  return `v1/models/${encodeURIComponent(model)}/${action}`;
}

/**
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<{ answer: VersionsAnswer, swaps: Swap[] }>} swaps: newest first, since the server started
 */
export async function readVersions(model, signal) {
  const [answer, { swaps }] = await Promise.all([
    /** @type {Promise<VersionsAnswer>} */ (callJson(modelPath(model, 'versions'), { signal })),
    /** @type {Promise<{ swaps: Swap[] }>} */ (callJson(`v1/swaps?model=${encodeURIComponent(model)}`, { signal })),
  ]);
  return { answer, swaps };
}

/**
 * @param {string} model
 * @param {'swap' | 'promote' | 'rollback'} action
 * @param {SwapWish | { why?: string }} wish
 * @param {number} [generation] left out: whatever it is now
 * @returns {Promise<Swap>}
 */
export function order(model, action, wish, generation) {
  return callJson(modelPath(model, action), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...wish, if_generation: generation }),
    byHand: true,
    needs: NEEDS_ADMIN,
  });
}

/** @param {string} model @param {string} version */
export async function removeVersion(model, version) {
  const path = modelPath(model, `versions/${encodeURIComponent(version)}`);
  await call(path, { method: 'DELETE', byHand: true, needs: NEEDS_ADMIN });
}
